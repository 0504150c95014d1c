import { expect, test } from "vitest";
import { Cannery } from "../../src/index.ts";
import { loadGenerated } from "../modules.ts";

async function bank() {
  const net = await Cannery.create();
  const ledger = await net.install(loadGenerated("reentrancy-ledger"), { name: "ledger" });
  const canister = await net.install(loadGenerated("reentrancy-bank"), { args: [ledger.id], name: "bank" });
  const alice = net.identity("alice");
  const account = canister.as(alice).actor;
  await account.deposit(100n);
  return { net, ledger, bank: canister, account, paid: () => ledger.actor.total(alice.getPrincipal()) };
}

test("without a lock, two withdrawals that meet are both paid", async () => {
  const { account, paid } = await bank();
  const both = await Promise.all([account.withdrawUnsafe(100n), account.withdrawUnsafe(100n)]);
  expect(both).toEqual([{ ok: 0n }, { ok: 0n }]);
  expect(await paid()).toBe(200n); // 100 were there
});

test("with a lock, the second one is told that the account is busy", async () => {
  const { account, paid } = await bank();
  const both = await Promise.all([account.withdraw(100n), account.withdraw(100n)]);
  expect(both).toEqual([{ ok: 0n }, { err: { busy: null } }]);
  expect(await paid()).toBe(100n);
});

test("the lock is released when the payment is refused", async () => {
  const { ledger, account } = await bank();
  await ledger.actor.refuse(1n);
  expect(await account.withdraw(100n)).toMatchObject({ err: { failed: { message: "the ledger refuses this payment" } } });
  expect(await account.withdraw(100n)).toEqual({ ok: 0n });
});

test("the lock is released by finally when the code after the await traps; the payment stays made", async () => {
  const { account, paid } = await bank();
  await expect(account.withdrawThenTrap(60n)).rejects.toMatchObject({
    errorCode: "IC0503",
    rejectMessage: expect.stringContaining("a mistake after the payment") as string,
  });
  expect(await account.balance()).toBe(100n); // undone by the trap
  expect(await paid()).toBe(60n); // another canister's state is not
  expect(await account.withdraw(100n)).toEqual({ ok: 0n });
});

test("a trap after an await undoes its own execution only", async () => {
  const { bank: canister, account } = await bank();
  await expect(account.trapAfterAwait()).rejects.toMatchObject({ errorCode: "IC0503" });
  expect(await canister.actor.steps()).toBe(1n);
});

async function trip(seats: bigint, rooms: bigint) {
  const net = await Cannery.create();
  const flight = await net.install(loadGenerated("reentrancy-inventory"), { args: [seats], name: "flight" });
  const hotel = await net.install(loadGenerated("reentrancy-inventory"), { args: [rooms], name: "hotel" });
  const saga = await net.install(loadGenerated("reentrancy-saga"), { name: "saga" });
  return { net, flight, hotel, book: () => saga.actor.book(flight.id, hotel.id) };
}

test("a saga books both", async () => {
  const { flight, hotel, book } = await trip(2n, 2n);
  expect(await book()).toEqual({ booked: null });
  expect([await flight.actor.available(), await hotel.actor.available()]).toEqual([1n, 1n]);
});

test("a saga gives the seat back when there is no room", async () => {
  const { flight, book } = await trip(2n, 0n);
  expect(await book()).toHaveProperty("failed");
  expect(await flight.actor.available()).toBe(2n);
});

test("a saga whose compensation fails says that it is stuck", async () => {
  const net = await Cannery.create({ application: 2, latency: "mainnet" });
  const [left, right] = net.subnets;
  const flight = await net.install(loadGenerated("reentrancy-inventory"), { subnet: left, args: [1n], name: "flight" });
  const hotel = await net.install(loadGenerated("reentrancy-inventory"), { subnet: right, args: [0n], name: "hotel" });
  const saga = await net.install(loadGenerated("reentrancy-saga"), { subnet: left, name: "saga" });
  net.manual();
  const booking = saga.submit("book", flight.id, hotel.id);
  await net.tick(); // the seat is taken, the request for a room is on its way to the other subnet
  expect(await flight.actor.available()).toBe(0n);
  net.manual(false);
  await flight.stop();
  expect(await booking.result()).toMatchObject({ stuck: { compensation: { message: expect.stringContaining("is stopped") as string } } });
});
