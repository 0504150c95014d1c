/**
 * Matchers for `expect.extend`, of Vitest and of Jest: what `expectations.ts` asks, as `expect(…).toReject(…)`.
 */
import type { Canister } from "../network/canister.ts";
import type { Mock } from "../network/mocks/mock.ts";
import {
  checkAmount,
  isNotMet,
  logged,
  rejectOf,
  trapOf,
  type Call,
  type Cost,
  type ExpectedAmount,
  type ExpectedReject,
  type TextPattern,
} from "./expectations.ts";

export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What both runners give a matcher as `this`. */
interface MatcherContext {
  readonly equals: (a: unknown, b: unknown) => boolean;
}

/** For a type's declaration: what `expect` has with these matchers. */
export interface CanneryMatchers<R = unknown> {
  /** The call is rejected: with this text in its message, this pattern, or these fields. `await` it. */
  toReject(expected?: ExpectedReject): Promise<R>;
  /** The call's method traps. `await` it. */
  toTrap(message?: TextPattern): Promise<R>;
  /** A canister has this balance in cycles, or one within bounds. */
  toHaveBalance(expected: ExpectedAmount): R;
  /** A canister's log has such a line. */
  toHaveLogged(pattern: TextPattern): R;
  /** A cost (`costOf`) is within these bounds. */
  toCostAtMost(most: { readonly cycles?: bigint; readonly instructions?: number }): R;
  /** A mock's method was called, with these arguments where they are given. */
  toHaveReceived(method: string, ...args: unknown[]): R;
}

/** For `expect.extend`: see `CanneryMatchers`. */
export const matchers = {
  async toReject(call: Call<unknown>, expected?: ExpectedReject): Promise<MatcherResult> {
    return result("the call was not to be rejected this way, and it was", () => rejectOf(call, expected));
  },
  async toTrap(call: Call<unknown>, message?: TextPattern): Promise<MatcherResult> {
    return result("the call's method was not to trap, and it did", () => trapOf(call, message));
  },
  toHaveBalance(canister: Canister, expected: ExpectedAmount): MatcherResult {
    return resultNow(`the balance of ${canister.name} was to be another, and it is ${canister.balance()}`, () =>
      checkAmount(`the balance of ${canister.name}`, canister.balance(), expected),
    );
  },
  toHaveLogged(canister: Canister, pattern: TextPattern): MatcherResult {
    return resultNow(`${canister.name} was to log no such line, and it did`, () => logged(canister, pattern));
  },
  toCostAtMost(cost: Cost, most: { readonly cycles?: bigint; readonly instructions?: number }): MatcherResult {
    return resultNow(`it was to cost more than that, and it cost ${cost.cycles} cycles and ${cost.instructions} instructions`, () => {
      if (most.cycles !== undefined) checkAmount("what it cost in cycles", cost.cycles, { atMost: most.cycles });
      if (most.instructions !== undefined)
        checkAmount("what it cost in instructions", BigInt(cost.instructions), { atMost: BigInt(most.instructions) });
    });
  },
  toHaveReceived(this: MatcherContext, mock: Mock, method: string, ...args: unknown[]): MatcherResult {
    const calls = mock.callsOf(method);
    const pass = calls.some((call) => args.length === 0 || this.equals(call.args, args));
    const got = mock.calls.length === 0 ? "no calls" : `calls of ${[...new Set(mock.calls.map((call) => call.method))].join(", ")}`;
    const what = calls.length === 0 ? `was not called as ${method}: it got ${got}` : `was called as ${method} with other arguments`;
    return {
      pass,
      message: () => (pass ? `${mock.name} was not to be called as ${method} like this, and it was` : `${mock.name} ${what}`),
    };
  },
};

async function result(unwanted: string, look: () => Promise<unknown>): Promise<MatcherResult> {
  try {
    await look();
    return { pass: true, message: () => unwanted };
  } catch (error) {
    if (!isNotMet(error)) throw error;
    return { pass: false, message: () => error.message };
  }
}

function resultNow(unwanted: string, look: () => unknown): MatcherResult {
  try {
    look();
    return { pass: true, message: () => unwanted };
  } catch (error) {
    if (!isNotMet(error)) throw error;
    return { pass: false, message: () => error.message };
  }
}
