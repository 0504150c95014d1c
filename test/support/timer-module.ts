/**
 * A canister that does nothing but wait for its timer.
 */
import { wat } from "./wat.ts";

/** Sets its timer at the start, and again whenever it fires unless `everySeconds` is 0. */
export function timerModule({ firstSeconds, everySeconds }: { firstSeconds: number; everySeconds: number }): Uint8Array {
  const set = (seconds: number): string =>
    seconds === 0 ? "" : `(drop (call $set (i64.add (call $time) (i64.mul (i64.const ${seconds}) (i64.const 1000000000)))))`;
  return wat(`(module
    (import "ic0" "time" (func $time (result i64)))
    (import "ic0" "global_timer_set" (func $set (param i64) (result i64)))
    (func (export "canister_init") ${set(firstSeconds)})
    (func (export "canister_global_timer") ${set(everySeconds)}))`);
}
