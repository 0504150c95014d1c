/** A canister that recurses: `deep` 100,000 frames and back, `endless` for ever. */
import { wat } from "./wat.ts";

export const recursion = (): Uint8Array =>
  wat(`(module
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
    (memory 1)
    (data (i32.const 0) "DIDL\\00\\00")
    (func $down (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))
    (func (export "canister_update deep") (drop (call $down (i32.const 100_000))) (call $append (i32.const 0) (i32.const 6)) (call $reply))
    (func (export "canister_update endless") (drop (call $down (i32.const -1))) (call $reply)))`);
