/**
 * Stacks as people want them: the places of their own code.
 */
import { fileURLToPath } from "node:url";

/** The folder of the package, or of its sources. */
const OWN = fileURLToPath(new URL("..", import.meta.url));

/** The frames of a stack that are neither Node's nor Cannery's. */
export function framesOf(stack: string): string[] {
  return stack
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at ") && !isOthers(line));
}

function isOthers(frame: string): boolean {
  return (
    frame.includes(OWN) ||
    /\bnode:|\(<anonymous>\)|^at (?:async )?<anonymous>|\bwasm:\/\/|\beval at\b/u.test(frame) ||
    !/:\d+:\d+\)?$/u.test(frame)
  );
}

/** Whether a canister's code is being run there. */
export function isInCanister(stack: string): boolean {
  return stack.includes("wasm://");
}
