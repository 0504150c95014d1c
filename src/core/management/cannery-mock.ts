/**
 * `cannery_mock`: how the module of a mock canister asks the test what to do; answered by an input (`rules/mocks.ts`). It exists for mock canisters
 * only (`state/mock-canisters.ts`): to everybody else it is a name like any other that the management canister does not have.
 */
import { isMock } from "../state/mock-canisters.ts";
import { fail, type Method } from "./call.ts";
import { noSuchMethod } from "./errors.ts";

export const canneryMock: Method = ({ subnet, call }) => {
  const caller = call.source.kind === "request" ? subnet.canisters.get(call.sender) : undefined;
  if (!isMock(caller?.execution ?? null)) return fail(call, noSuchMethod(call.method));
  return { kind: "pending", request: { kind: "mock", payload: call.arg }, refundCycles: call.cycles };
};
