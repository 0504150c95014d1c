/**
 * Runs that come near to what hosts have least of: stack, and live Wasm memories. Where a host gives up before the platform's own limit is reached a
 * run ends there with a failure, and never with another digest.
 */
import { importLine } from "../support/ic0-wat.ts";
import { Scenario } from "../support/scenario.ts";
import { encodeUtf8 } from "../../src/base/utf8.ts";

const DEPTH_BYTES = 4;

function moduleText(body: string, ...imports: readonly string[]): string {
  return `(module ${imports.map((name) => importLine(name)).join("\n")} (memory 1) ${body})`;
}

/** Locals that live across the call, so that an engine keeps them in the frame. */
function wide(count: number): string {
  const locals = Array.from({ length: count }, (_, i) => `(local $l${i} i64)`).join(" ");
  const set = Array.from(
    { length: count },
    (_, i) => `(local.set $l${i} (i64.mul (i64.extend_i32_u (local.get $n)) (i64.const ${i + 3})))`,
  ).join(" ");
  const used = Array.from({ length: count }, (_, i) => `(i64.store (i32.const ${64 + 8 * i}) (local.get $l${i}))`).join(" ");
  return `(func $step (param $n i32) ${locals} ${set} ${ENOUGH} (call $step (i32.sub (local.get $n) (i32.const 1))) ${used})`;
}

const ENOUGH = "(if (i32.eqz (local.get $n)) (then (return)))";
const NEXT = "(i32.sub (local.get $n) (i32.const 1))";

/** Functions that call themselves to a depth, in frames of different kinds. */
const RECURSIONS: readonly string[] = [
  `(func $step (param $n i32) ${ENOUGH} (call $step ${NEXT}) (i32.store (i32.const 64) (local.get $n)))`,
  wide(1),
  wide(12),
  wide(200),
  `(table 1 funcref) (elem (i32.const 0) $step) (type $t (func (param i32)))
   (func $step (param $n i32) ${ENOUGH} (call_indirect (type $t) ${NEXT} (i32.const 0)) (i32.store (i32.const 64) (local.get $n)))`,
  `(func $sum (param $n i32) (param $a i64) (param $b f64) (param $c i64) (param $d f64) (result i64)
     (if (result i64) (i32.eqz (local.get $n)) (then (local.get $a))
       (else (i64.add (local.get $c) (call $sum ${NEXT} (local.get $c) (local.get $d) (local.get $a) (local.get $b))))))
   (func $step (param $n i32) (drop (call $sum (local.get $n) (i64.const 1) (f64.const 2) (i64.const 3) (f64.const 4))))`,
];

const takeDepth = `(call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const ${DEPTH_BYTES}))`;

/** Each kind of frame to some depths: to the end of the stack, and back where it is not reached. */
export function deepStacks(stackBytes?: number): string {
  const scene = new Scenario(stackBytes === undefined ? {} : { limits: { stackBytes } });
  for (const recursion of RECURSIONS) {
    const id = scene.install(
      moduleText(
        `${recursion}
      (func (export "canister_update go") ${takeDepth} (call $step (i32.load (i32.const 0))) (call $msg_reply))`,
        "msg_arg_data_copy",
        "msg_reply",
      ),
    );
    for (const depth of [10, 1_000, 4_000, 16_000, 1_000_000]) {
      const arg = new Uint8Array(DEPTH_BYTES);
      new DataView(arg.buffer).setUint32(0, depth, true);
      scene.call(id, "go", arg);
    }
  }
  return scene.net.digest();
}

/** More canisters than Chromium has room for live Wasm memories, all called in turn, twice. */
export function manyCanisters(): string {
  const scene = new Scenario({}, { checkInvariants: false });
  const module = moduleText(
    `(func (export "canister_update inc")
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
    (call $msg_reply_data_append (i32.const 8) (i32.const 4)) (call $msg_reply))`,
    "msg_reply",
    "msg_reply_data_append",
  );
  const ids = Array.from({ length: 200 }, () => scene.install(module));
  for (let turn = 0; turn < 2; turn++) {
    for (const id of ids) scene.submit(id, "inc", encodeUtf8(""));
    scene.rounds(5);
  }
  return scene.net.digest();
}
