/**
 * Punycode: text in letters and digits, as names of functions have it.
 *
 * Source: RFC 3492, with its parameters for names of hosts.
 */

/** What Rust calls a character, and Unicode a scalar value. */
export function isScalar(point: number): boolean {
  return point < 0xd800 || (point >= 0xe000 && point <= 0x10ffff);
}

/** `null` where the deltas are none, or the text is longer than 128 characters. */
export function fromPunycode(ascii: string, deltas: string): string | null {
  const BASE = 36;
  const MIN = 1;
  const MAX = 26;
  const points = [...ascii].map((c) => c.charCodeAt(0));
  let at = 0;
  let bias = 72;
  let damp = 700;
  let point = 0x80;
  let index = 0;
  do {
    let delta = 0;
    let weight = 1;
    for (let k = BASE; ; k += BASE) {
      const digit = "abcdefghijklmnopqrstuvwxyz0123456789".indexOf(deltas[at++] ?? "?");
      const threshold = Math.min(Math.max(k - bias, MIN), MAX);
      delta += digit * weight;
      if (digit === -1 || !Number.isSafeInteger(delta)) return null;
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const length = points.length + 1;
    index += delta;
    point += Math.floor(index / length);
    index %= length;
    if (!isScalar(point) || length > 128) return null;
    points.splice(index++, 0, point);
    delta = Math.floor(delta / damp);
    damp = 2;
    delta += Math.floor(delta / length);
    let k = 0;
    for (; delta > ((BASE - MIN) * MAX) / 2; k += BASE) delta = Math.floor(delta / (BASE - MIN));
    bias = k + Math.floor(((BASE - MIN + 1) * delta) / (delta + 38));
  } while (at < deltas.length);
  return String.fromCodePoint(...points);
}
