import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nextEpoch } from "../../base/epoch.ts";
import type { IngressStatus } from "../events.ts";
import type { MessageId, PrincipalId } from "../state/ids.ts";
import { ErrorCode } from "../state/rejects.ts";
import { IngressHistory, type IngressEntry } from "./history.ts";

const about = { receiver: "01" as PrincipalId, user: "04" as PrincipalId };
const id = (n: number) => n.toString(16).padStart(64, "0") as MessageId;
const seconds = (n: number) => BigInt(n) * 1_000_000_000n;
const replied = (bytes: number): IngressStatus => ({ kind: "replied", data: new Uint8Array(bytes) });
const rejected = (message = ""): IngressStatus => ({ kind: "rejected", code: 2, message, errorCode: ErrorCode.IngressMessageTimeout });

test("statuses only go forward [abstract-behavior#update-call-request-clean-up]", () => {
  const history = IngressHistory.empty(nextEpoch());
  const set = (status: IngressStatus, n = 1) => history.set(id(n), status, about, 0n);
  expect(() => set({ kind: "processing" })).toThrow();
  expect(() => set(replied(0))).toThrow();
  set({ kind: "received" });
  expect(() => set({ kind: "received" })).toThrow();
  set({ kind: "processing" });
  expect(() => set({ kind: "received" })).toThrow();
  set(replied(3));
  for (const status of [{ kind: "received" }, { kind: "processing" }, { kind: "done" }, replied(0), rejected()] as IngressStatus[]) {
    expect(() => set(status)).toThrow();
  }
  set(rejected(), 2); // refused at induction
  set({ kind: "received" }, 3);
  set(replied(0), 3); // started and answered in one round
  expect([history.size, history.openCount, history.payloadBytes]).toEqual([3, 0, 3]);
  history.check();
});

test("a final status is forgotten at the first round later than 300 s after it; others never [abstract-behavior#update-call-request-clean-up]", () => {
  const history = IngressHistory.empty(nextEpoch());
  history.set(id(1), { kind: "received" }, about, seconds(1));
  history.set(id(2), { kind: "received" }, about, seconds(1));
  history.set(id(1), replied(10), about, seconds(5));
  expect(history.prune(seconds(305))).toBe(0);
  expect(history.isKnown(id(1))).toBe(true);
  expect(history.prune(seconds(305) + 1n)).toBe(1);
  expect(history.isKnown(id(1))).toBe(false);
  expect(history.prune(seconds(1_000_000))).toBe(0);
  expect(history.get(id(2))).toMatchObject({ status: { kind: "received" }, user: about.user, timeNanos: seconds(1) });
  expect(history.payloadBytes).toBe(0);
  history.check();
});

test("above the memory limit the oldest answers become `done`, and are pruned when they would have been [replica: memory of the ingress history]", () => {
  const history = IngressHistory.empty(nextEpoch(), 100);
  for (let n = 1; n <= 4; n++) {
    history.set(id(n), { kind: "received" }, about, seconds(n));
    history.set(id(n), replied(40), about, seconds(n));
    history.check();
  }
  expect([1, 2, 3, 4].map((n) => history.get(id(n))!.status.kind)).toEqual(["done", "done", "replied", "replied"]);
  expect(history.payloadBytes).toBe(80);
  expect(history.isKnown(id(1))).toBe(true);
  expect(history.prune(seconds(302) + 1n)).toBe(2);
  expect(history.get(id(3))!.status.kind).toBe("replied");
});

test("a history does what a plain list does, and forks are independent", () => {
  const command = fc.record({
    what: fc.constantFrom("receive", "process", "reply", "reply", "reject", "time", "fork"),
    n: fc.nat({ max: 12 }),
    bytes: fc.nat({ max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(command, { size: "max", maxLength: 100 }), (commands) => {
      let history = IngressHistory.empty(nextEpoch(), 150);
      let model = new Map<MessageId, IngressEntry>();
      const kept: [IngressHistory, [MessageId, IngressEntry][]][] = [];
      let now = seconds(1);
      const sorted = () => [...model].sort(([a], [b]) => (a < b ? -1 : 1));
      const isFinal = (entry: IngressEntry) => entry.status.kind !== "received" && entry.status.kind !== "processing";
      const bytesOf = ({ status }: IngressEntry) =>
        status.kind === "replied" ? status.data.length : status.kind === "rejected" ? status.message.length : 0;
      const total = () => [...model.values()].reduce((sum, entry) => sum + bytesOf(entry), 0);

      for (const { what, n, bytes } of commands) {
        const known = model.get(id(n));
        let status: IngressStatus | null = null;
        if (what === "receive" && known === undefined) status = { kind: "received" };
        if (what === "process" && known?.status.kind === "received") status = { kind: "processing" };
        if (what === "reply" && known !== undefined && !isFinal(known)) status = replied(bytes);
        if (what === "reject" && (known === undefined || !isFinal(known))) status = rejected("x".repeat(bytes));
        if (status !== null) {
          history.set(id(n), status, about, now);
          model.set(id(n), { status, ...about, timeNanos: now });
          // Oldest first, all of one moment, until what is left fits.
          const moments = [...new Set([...model.values()].filter(isFinal).map((entry) => entry.timeNanos))].sort((a, b) =>
            a < b ? -1 : 1,
          );
          for (const moment of moments) {
            if (total() <= 150) break;
            for (const [key, entry] of model) {
              if (isFinal(entry) && entry.timeNanos === moment) model.set(key, { ...entry, status: { kind: "done" } });
            }
          }
        }
        if (what === "time") {
          now += seconds(n * 20);
          const old = sorted().filter(([, entry]) => isFinal(entry) && entry.timeNanos + seconds(300) < now);
          expect(history.prune(now)).toBe(old.length);
          for (const [key] of old) model.delete(key);
        }
        if (what === "fork") {
          kept.push([history, sorted()]);
          history = history.copy(nextEpoch());
        }
        history.check();
        expect([...history.entries()]).toEqual(sorted());
        expect(history.payloadBytes).toBe(total());
      }
      for (const [old, entries] of kept) expect([...old.entries()]).toEqual(entries);
      model = new Map();
    }),
  );
});
