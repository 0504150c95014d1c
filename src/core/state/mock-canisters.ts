/**
 * What makes a canister a mock: the mark that its module carries, and the names by which module and network find each other.
 *
 * A mock is an ordinary canister otherwise: its slots, cycles, deadlines and callbacks are the platform's. Nothing of this is in the state, so a
 * run with mocks repeats from its inputs.
 */
import type { ExecutionState } from "../canister/execution-state.ts";

/** Method of the management canister by which a mock asks what to do; there for mocks only. */
export const MOCK_METHOD = "cannery_mock";

/** Custom section of a mock's module; private. */
export const MOCK_MARK = "cannery:mock";

export function isMock(execution: ExecutionState | null): boolean {
  return execution?.module.info.customSections.some(({ name }) => name === MOCK_MARK) ?? false;
}

/** Name under which a mock's module exports a query method: an update method of its own name is there for calls in replicated mode. */
export function mockQueryExport(method: string): string {
  return `${MOCK_MARK} ${method}`;
}
