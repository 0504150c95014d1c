/**
 * How things are timed here. The machine is shared and its clock speed moves, so what is compared is timed in turns within one
 * run, and of many turns the median counts.
 */

/** Milliseconds that `action` takes. */
export function timed(action: () => void): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

export async function timedAsync(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** The middle of the numbers, of an even count the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);
}

export interface Comparison {
  /** Median of the ratios of subject to baseline, turn by turn. */
  readonly ratio: number;
  readonly subjectMilliseconds: number;
  readonly baselineMilliseconds: number;
}

/** Times two things in turns, first one then the other ahead. Whoever calls warms up before. */
export async function compared(
  subject: () => Promise<number> | number,
  baseline: () => Promise<number> | number,
  turns: number,
): Promise<Comparison> {
  const ratios: number[] = [];
  const subjectTimes: number[] = [];
  const baselineTimes: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const subjectFirst = turn % 2 === 0;
    let subjectTime = subjectFirst ? await subject() : 0;
    const baselineTime = await baseline();
    if (!subjectFirst) subjectTime = await subject();
    subjectTimes.push(subjectTime);
    baselineTimes.push(baselineTime);
    ratios.push(subjectTime / baselineTime);
  }
  return { ratio: median(ratios), subjectMilliseconds: median(subjectTimes), baselineMilliseconds: median(baselineTimes) };
}

/** As many digits as the noise leaves meaning to. */
export function rounded(number: number, digits = 3): number {
  return Number(number.toPrecision(digits));
}
