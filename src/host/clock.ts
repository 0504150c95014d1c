/**
 * The host's clock. The time is asked for by name each time: where a test sets the clock, agents in it and networks go by the same.
 * Delays are real: the timer is taken when this is loaded, so that a test's fake timers do not stop it.
 */
const { setTimeout, clearTimeout, performance } = globalThis;

/** Nanoseconds since the Unix epoch. */
export function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** Does not keep a process alive. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void after(milliseconds, resolve));
}

/** The function returned takes it back. Does not keep a process alive. */
export function after(milliseconds: number, run: () => void): () => void {
  const timer: unknown = setTimeout(run, milliseconds);
  if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as { unref(): void }).unref();
  return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
}

/** Milliseconds that went by, from an arbitrary beginning. */
export function clock(): number {
  return performance.now();
}
