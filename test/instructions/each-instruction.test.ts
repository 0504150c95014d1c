/** Every instruction without control flow, run by itself in a canister: its weight is the platform's, in wasm32 and in wasm64. */
import { expect, test } from "vitest";
import { I32, I64, F32, F64, NAME, POP1, POP2, POP3, POPS, PUSH, SHAPE, Shape, V128 } from "../../src/core/wasm/opcodes.ts";
import { preparedModule, TestCanister } from "../support/run-canister.ts";
import { wat } from "../support/wat.ts";
import { weightOf } from "./weights.ts";

const ONE: Readonly<Record<number, string>> = {
  [I32]: "i32.const 1",
  [I64]: "i64.const 1",
  [F32]: "f32.const 1",
  [F64]: "f64.const 1",
  [V128]: "v128.const i32x4 1 1 1 1",
};

interface Sample {
  readonly name: string;
  readonly body: string;
  /** Of the function with this body. */
  readonly cost: number;
}

const LANE_SHAPES: readonly number[] = [Shape.lane, Shape.loadLane, Shape.storeLane];
const LOADS: readonly number[] = [Shape.load, Shape.loadLane];
const STORES: readonly number[] = [Shape.store, Shape.storeLane];

/** The instruction with its operands in front and its result dropped; `null` for those that other files look at. */
function sample(opcode: number, wide: boolean): Sample | null {
  const name = NAME[opcode]!;
  const shape = SHAPE[opcode]!;
  const accesses = LOADS.includes(shape) || STORES.includes(shape);
  if (!accesses && shape !== Shape.plain && shape !== Shape.lane && shape !== Shape.shuffle) return null;
  const fixed = [POP3[opcode]!, POP2[opcode]!, POP1[opcode]!].slice(3 - POPS[opcode]!);
  const vector = shape === Shape.loadLane || shape === Shape.storeLane ? [V128] : [];
  const operands = accesses ? [wide ? I64 : I32, ...(shape === Shape.store ? fixed : vector)] : fixed;
  const immediates = LANE_SHAPES.includes(shape) ? " 0" : shape === Shape.shuffle ? " 0".repeat(16) : "";
  const hasResult = PUSH[opcode] !== 0 || LOADS.includes(shape);
  const weight = weightOf(name) + (accesses && wide ? 1 : 0);
  return {
    name,
    body: `${operands.map((type) => ONE[type]).join(" ")} ${name}${immediates} ${hasResult ? "drop" : ""}`,
    cost: 1 + operands.length + weight + (hasResult ? 1 : 0),
  };
}

/** `select`, constants and variables, which have no fixed operands. */
const OTHERS: readonly Sample[] = [
  { name: "i32.const", body: "i32.const 7 drop", cost: 1 + 1 + 1 },
  { name: "i64.const", body: "i64.const 7 drop", cost: 1 + 1 + 1 },
  { name: "f32.const", body: "f32.const 7 drop", cost: 1 + 1 + 1 },
  { name: "f64.const", body: "f64.const 7 drop", cost: 1 + 1 + 1 },
  { name: "v128.const", body: "v128.const i64x2 7 7 drop", cost: 1 + 1 + 1 },
  { name: "select", body: "i32.const 1 i32.const 2 i32.const 0 select drop", cost: 1 + 3 + 1 + 1 },
  { name: "select with a type", body: "i32.const 1 i32.const 2 i32.const 0 select (result i32) drop", cost: 1 + 3 + 1 + 1 },
  { name: "select of references", body: "ref.null func ref.null func i32.const 0 select (result funcref) drop", cost: 1 + 3 + 1 + 1 },
  { name: "nop", body: "nop nop", cost: 1 + 2 },
  { name: "local.get", body: "(local i64) local.get 0 drop", cost: 1 + 1 + 1 },
  { name: "local.set", body: "(local i64) i64.const 1 local.set 0", cost: 1 + 1 + 1 },
  { name: "local.tee", body: "(local v128) v128.const i32x4 1 1 1 1 local.tee 0 drop", cost: 1 + 1 + 1 + 1 },
  { name: "global.get", body: "global.get $g drop", cost: 1 + 2 + 1 },
  { name: "global.set", body: "i32.const 5 global.set $g", cost: 1 + 1 + 2 },
  { name: "ref.null", body: "ref.null func drop", cost: 1 + 1 + 1 },
  { name: "ref.is_null", body: "ref.null func ref.is_null drop", cost: 1 + 1 + 5 + 1 },
  { name: "ref.func", body: "ref.func $f drop", cost: 1 + 130 + 1 },
];

for (const wide of [false, true]) {
  test(`wasm${wide ? 64 : 32} [replica: weights of instructions]`, () => {
    const samples = [...NAME.keys()].flatMap((opcode) => (NAME[opcode] === "" ? [] : (sample(opcode, wide) ?? []))).concat(OTHERS);
    const canister = new TestCanister(
      preparedModule(
        wat(`(module (memory ${wide ? "i64 " : ""}1) (global $g (mut i32) (i32.const 0)) (func $f (export "f"))
          ${samples.map(({ name, body }) => `(func (export "canister_update ${name}") ${body})`).join("\n")})`),
      ),
    );
    const counted = samples.map(({ name }): [string, number] => {
      const { instructions, dirtyHeapPages, result } = canister.update(name);
      expect([name, result]).toEqual([name, { kind: "none" }]);
      return [name, instructions - (wide ? 4000 : 1000) * dirtyHeapPages];
    });
    expect(samples.length).toBeGreaterThan(400);
    expect(counted).toEqual(samples.map(({ name, cost }) => [name, cost]));
  });
}
