/**
 * Networks in process for tests, with Cannery's own invariants checked after every step, and the Motoko programs of the examples.
 */
import { fileURLToPath } from "node:url";
import { Cannery, type CanneryOptions } from "../../src/index.ts";

export function network(options: CanneryOptions = {}): Promise<Cannery> {
  return Cannery.create({ checkInvariants: true, print: false, ...options });
}

/** Path of a compiled program of `examples/`, such as `counter` or `parallel-calls-callee`. */
export function program(name: string): string {
  return fileURLToPath(new URL(`../../generated/motoko/${name}.wasm.gz`, import.meta.url));
}

/** What a promise rejects with; a test that expects a refusal fails when there is none. */
export async function refusal(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("expected a refusal, and there was none");
}
