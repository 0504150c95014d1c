import { expect, test } from "vitest";
import { nextEpoch } from "../../base/epoch.ts";
import { CanisterLog, LOG_CAPACITY_BYTES, RunLog } from "./log.ts";

const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);

test("records are numbered and the oldest make room", () => {
  const log = CanisterLog.empty(nextEpoch());
  const run = new RunLog();
  run.push(1n, bytes(2000), LOG_CAPACITY_BYTES);
  log.append(run.take(), LOG_CAPACITY_BYTES);
  run.push(2n, bytes(1000), LOG_CAPACITY_BYTES);
  run.push(2n, bytes(500), LOG_CAPACITY_BYTES);
  log.append(run.take(), LOG_CAPACITY_BYTES);
  expect(log.records.map((r) => [r.index, r.content.length])).toEqual([
    [0n, 2000],
    [1n, 1000],
    [2n, 500],
  ]);
  expect(log.usedBytes).toBe(3500 + 3 * 40);
  run.push(3n, bytes(2500), LOG_CAPACITY_BYTES);
  log.append(run.take(), LOG_CAPACITY_BYTES);
  expect(log.records.map((r) => [r.index, r.content.length])).toEqual([
    [2n, 500],
    [3n, 2500],
  ]);
  expect(log.nextIndex).toBe(4n);
});

test("a content longer than the capacity is cut", () => {
  const run = new RunLog();
  run.push(1n, bytes(10_000), LOG_CAPACITY_BYTES);
  const delta = run.take();
  expect(delta.records[0].content.length).toBe(LOG_CAPACITY_BYTES - 40);
  const log = CanisterLog.empty(nextEpoch());
  log.append(delta, LOG_CAPACITY_BYTES);
  expect(log.usedBytes).toBe(LOG_CAPACITY_BYTES);
});

test("records pushed out within a run only count in the numbering, and spare the canister's older ones", () => {
  const log = CanisterLog.empty(nextEpoch());
  const run = new RunLog();
  run.push(1n, bytes(100), LOG_CAPACITY_BYTES);
  log.append(run.take(), LOG_CAPACITY_BYTES);
  run.push(2n, bytes(4000), LOG_CAPACITY_BYTES);
  run.push(2n, bytes(200), LOG_CAPACITY_BYTES);
  const delta = run.take();
  expect(delta.dropped).toBe(1);
  log.append(delta, LOG_CAPACITY_BYTES);
  expect(log.records.map((r) => [r.index, r.content.length])).toEqual([
    [0n, 100],
    [2n, 200],
  ]);
});

test("a copy is written apart, and a clear keeps the numbering", () => {
  const log = CanisterLog.empty(nextEpoch());
  const run = new RunLog();
  run.push(1n, bytes(10), LOG_CAPACITY_BYTES);
  log.append(run.take(), LOG_CAPACITY_BYTES);
  const copy = log.copy(nextEpoch());
  copy.clear();
  run.push(2n, bytes(11), LOG_CAPACITY_BYTES);
  copy.append(run.take(), LOG_CAPACITY_BYTES);
  expect(copy.records.map((r) => r.index)).toEqual([1n]);
  expect(log.records.map((r) => r.index)).toEqual([0n]);
});
