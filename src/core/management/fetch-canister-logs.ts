/**
 * `fetch_canister_logs`: the newest lines of a canister; for users, as a query.
 *
 * Source: interface spec, "IC method fetch_canister_logs"; management-canister.md 8.
 */
import type { IndexedLogRecord } from "../canister/log.ts";
import type { CanisterState } from "../state/canister.ts";
import { fail, type Method } from "./call.ts";
import { encodeResult, type ArgumentValue } from "./candid.ts";
import { logsOnlyAsQuery } from "./errors.ts";

/** Replica: a flag that is off forbids calls through consensus. */
export const fetchCanisterLogs: Method = ({ call }) => fail(call, logsOnlyAsQuery());

/** Most bytes of an answer; the newest records are kept. Replica: `rs/execution_environment/src/canister_logs.rs` (c7c5005). */
const MAX_RESPONSE_BYTES = 2_000_000;

export function encodeCanisterLogs(canister: CanisterState, filter: ArgumentValue["fetch_canister_logs"]["filter"]): Uint8Array {
  const records = canister.log.records.filter((record) => filter.length === 0 || matches(record, filter[0]));
  let bytes = 0;
  let first = records.length;
  while (first > 0 && bytes + records[first - 1].content.length <= MAX_RESPONSE_BYTES) bytes += records[--first].content.length;
  return encodeResult("fetch_canister_logs", {
    canister_log_records: records
      .slice(first)
      .map(({ index, timestampNanos, content }) => ({ idx: index, timestamp_nanos: timestampNanos, content })),
  });
}

/** Ranges end before `end`. */
function matches(record: IndexedLogRecord, filter: NonNullable<ArgumentValue["fetch_canister_logs"]["filter"][0]>): boolean {
  if ("by_idx" in filter) return filter.by_idx.start <= record.index && record.index < filter.by_idx.end;
  const { start, end } = filter.by_timestamp_nanos;
  return start <= record.timestampNanos && record.timestampNanos < end;
}
