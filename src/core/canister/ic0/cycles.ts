/**
 * Cycles of the canister and of the call. What an amount means for thresholds and fees is the view's to know.
 *
 * Source: interface spec, "Cycles". The 128-bit functions write 16 bytes to the heap, little-endian; where that fails the amount has
 * been moved already, and the trap takes it back.
 */
import { u64OfWords } from "../../../base/bytes.ts";
import { U64_MAX } from "../../../base/integers.ts";
import { PREFIX_BYTES } from "../../wasm/abi.ts";
import { toolchainViolation, trapped } from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import { api, type Imports } from "./api.ts";

const AVAILABLE = api("msg_cycles_available");
const AVAILABLE128 = api("msg_cycles_available128");
const REFUNDED = api("msg_cycles_refunded");
const REFUNDED128 = api("msg_cycles_refunded128");
const ACCEPT = api("msg_cycles_accept");
const ACCEPT128 = api("msg_cycles_accept128");
const BURN128 = api("cycles_burn128");
const MINT128 = api("mint_cycles128");
const BALANCE = api("canister_cycle_balance");
const BALANCE128 = api("canister_cycle_balance128");
const LIQUID128 = api("canister_liquid_cycle_balance128");

export function cyclesImports(run: RunContext): Imports {
  return {
    msg_cycles_available: () => {
      run.check(AVAILABLE);
      return amount64(run, run.view.availableCycles());
    },
    msg_cycles_available128: (dst) => {
      run.checkHeap(AVAILABLE128);
      writeAmount(run, AVAILABLE128.shownAs, dst, run.view.availableCycles());
    },
    msg_cycles_refunded: () => {
      run.check(REFUNDED);
      return amount64(run, run.view.refundedCycles);
    },
    msg_cycles_refunded128: (dst) => {
      run.checkHeap(REFUNDED128);
      writeAmount(run, REFUNDED128.shownAs, dst, run.view.refundedCycles);
    },
    msg_cycles_accept: (lo, hi) => {
      run.check(ACCEPT);
      return run.returnU64(run.view.acceptCycles(u64OfWords(lo, hi)));
    },
    msg_cycles_accept128: (highLo, highHi, lowLo, lowHi, dst) => {
      run.checkHeap(ACCEPT128);
      writeAmount(run, ACCEPT128.shownAs, dst, run.view.acceptCycles(amount128(highLo, highHi, lowLo, lowHi)));
    },
    cycles_burn128: (highLo, highHi, lowLo, lowHi, dst) => {
      run.checkHeap(BURN128);
      writeAmount(run, BURN128.shownAs, dst, run.view.burnCycles(amount128(highLo, highHi, lowLo, lowHi), run.memoryUse()));
    },
    mint_cycles128: (highLo, highHi, lowLo, lowHi, dst) => {
      run.checkHeap(MINT128);
      const minted = run.view.mintCycles(amount128(highLo, highHi, lowLo, lowHi));
      if (typeof minted !== "bigint") run.failWith(minted.error);
      writeAmount(run, "ic0_mint_cycles_128", dst, minted);
    },
    canister_cycle_balance: () => {
      run.check(BALANCE);
      return amount64(run, run.view.balanceCycles());
    },
    canister_cycle_balance128: (dst) => {
      run.checkHeap(BALANCE128);
      writeAmount(run, BALANCE128.shownAs, dst, run.view.balanceCycles());
    },
    canister_liquid_cycle_balance128: (dst) => {
      run.checkHeap(LIQUID128);
      writeAmount(run, LIQUID128.shownAs, dst, run.view.liquidBalanceCycles(run.memoryUse()));
    },
  };
}

function amount64(run: RunContext, amount: bigint): number {
  if (amount > U64_MAX) run.fail(trapped("cycles amount exceeds 64-bit representation"));
  return run.returnU64(amount);
}

function amount128(highLo: number, highHi: number, lowLo: number, lowHi: number): bigint {
  return (u64OfWords(highLo, highHi) << 64n) | u64OfWords(lowLo, lowHi);
}

/** `name` is how the platform calls the function in this text. */
export function writeAmount(run: RunContext, name: string, dst: number, amount: bigint): void {
  dst >>>= 0;
  if (dst + 16 > run.heapBytes) {
    run.fail(
      toolchainViolation(
        `${name} failed because dst + size is out of bounds.Found dst = ${dst} and size = 16 while must be <= ${run.heapBytes}`,
      ),
    );
  }
  const at = PREFIX_BYTES + dst;
  let rest = amount;
  for (let i = 0; i < 16; i += 4) {
    const word = Number(BigInt.asUintN(32, rest));
    run.bytes[at + i] = word;
    run.bytes[at + i + 1] = word >>> 8;
    run.bytes[at + i + 2] = word >>> 16;
    run.bytes[at + i + 3] = word >>> 24;
    rest >>= 32n;
  }
  run.markHeap(dst, 16);
}
