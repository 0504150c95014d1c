import { expect, test } from "vitest";
import type { CanisterId } from "../state/ids.ts";
import {
  backtraceText,
  calledTrap,
  cleanupFailed,
  environmentVariableNotFound,
  functionNotFound,
  insufficientCyclesInMemoryGrow,
  methodNotFound,
  reservedCyclesLimitExceededInMemoryGrow,
  toolchainViolation,
  trapLogText,
  trapped,
  userErrorOf,
  userViolation,
  wasmMemoryLimitExceeded,
} from "./errors.ts";

const ledger = "00000000000000020101" as CanisterId;
const DOCS = "https://internetcomputer.org/docs/current/references/execution-errors#";

test("the whole text: canister, reason, advice with a link [replica: error texts]", () => {
  expect(userErrorOf(ledger, methodNotFound("update", "foo"))).toEqual({
    code: 536,
    description: `Error from Canister ryjl3-tyaaa-aaaaa-aaaba-cai: Canister has no update method 'foo'..\nCheck that the method being called is exported by the target canister. See documentation: ${DOCS}method-not-found`,
  });
});

test("no advice, no second line", () => {
  expect(userErrorOf(ledger, environmentVariableNotFound("X")).description).toBe(
    "Error from Canister ryjl3-tyaaa-aaaaa-aaaba-cai: Environment variable X not found.",
  );
  expect(userErrorOf(ledger, userViolation("odd")).description).toBe(
    "Error from Canister ryjl3-tyaaa-aaaaa-aaaba-cai: Canister violated contract: odd",
  );
  expect(userErrorOf(ledger, userViolation("odd", "Do better.")).description).toMatch(/odd\.\nDo better\.$/);
});

test("toolchain errors ask for a report [replica: error texts]", () => {
  for (const failure of [toolchainViolation("x"), functionNotFound(7)]) {
    expect(userErrorOf(ledger, failure).description).toMatch(
      /\.\nIf you are running this canister in a test environment \(e\.g\., dfx\), make sure .* which language\/CDK was used to create the canister\.$/,
    );
  }
});

test("a backtrace stands between the reason and the advice", () => {
  const trace = backtraceText(["inner", 12, "outer"]);
  expect(trace).toBe("Canister Backtrace:\ninner\nunknown function at index 12\nouter\n");
  const expected = `Error from Canister ryjl3-tyaaa-aaaaa-aaaba-cai: Canister trapped: unreachable\nCanister Backtrace:\ninner\nunknown function at index 12\nouter\n.\nConsider gracefully handling failures from this canister or altering the canister to handle exceptions. See documentation: ${DOCS}trapped`;
  expect(userErrorOf(ledger, trapped("unreachable"), trace).description).toBe(expected);
  expect(backtraceText([1, 2])).toBeNull();
  expect(userErrorOf(ledger, trapped("unreachable")).description).not.toContain("Backtrace");
});

test("when cleanup fails too, both are told, under the callback's code [replica: error texts]", () => {
  const error = cleanupFailed(ledger, userErrorOf(ledger, calledTrap("first.\nsecond")), userErrorOf(ledger, trapped("unreachable")));
  expect(error).toEqual({
    code: 503,
    description:
      "Error from Canister ryjl3-tyaaa-aaaaa-aaaba-cai: Canister called `ic0.trap` with message: 'first.\nsecond'\n\ncall_on_cleanup also failed:\n\nCanister trapped: unreachable",
  });
});

test("what goes into the log", () => {
  expect(trapLogText(trapped("heap out of bounds"), null)).toBe("[TRAP]: heap out of bounds");
  expect(trapLogText(calledTrap("no"), "Canister Backtrace:\nf\n")).toBe("[TRAP]: no\nCanister Backtrace:\nf\n");
  expect(trapLogText(calledTrap(""), null)).toBe("[TRAP]: (no message)");
  expect(trapLogText(toolchainViolation("x"), null)).toBeNull();
});

test("amounts in texts [replica: error texts]", () => {
  expect(insufficientCyclesInMemoryGrow(65_536n, null).text).toBe("Canister cannot grow memory by 65536 bytes due to insufficient cycles.");
  expect(insufficientCyclesInMemoryGrow(65_536n, 9n).text).toBe(
    "Canister cannot grow memory by 65536 bytes due to insufficient cycles. At least 9 additional cycles are required.",
  );
  expect(reservedCyclesLimitExceededInMemoryGrow({ bytes: 1n, limitCycles: 10n, requestedCycles: 15n }).text).toBe(
    "Canister cannot grow memory by 1 bytes due to its reserved cycles limit. The current limit (10) would be exceeded by 5.",
  );
  expect(wasmMemoryLimitExceeded({ limitBytes: 10n, usedBytes: 20n }).text).toMatch(
    /^Canister exceeded its current Wasm memory limit of 10 bytes\. The peak Wasm memory usage was 20 bytes\. If the canister reaches 4GiB, /,
  );
});
