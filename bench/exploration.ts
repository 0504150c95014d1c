/**
 * `schedulesPerSecond`: runs of an exploration with the default settings, from the state after the setup to the verdict, invariant after every message and
 * conditions at rest included. Three universal canisters, on two subnets, exchange twenty messages: requests and answers.
 *
 * `motokoSchedulesPerSecond`: the same of the Motoko bank of `examples/reentrancy`, two withdrawals through a ledger that asks itself three times.
 */
import { loadGenerated } from "../examples/modules.ts";
import { principalId } from "../src/network/principals.ts";
import { universalCanister } from "../test/universal/module.ts";
import { append, argument, call, note, program, reply, send } from "../test/universal/program.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { median, rounded } from "./measure.ts";
import type { ExploreResult } from "../src/index.ts";

const { explore } = (await import(new URL("../dist/index.js", import.meta.url).href)) as typeof import("../src/index.ts");

/** Calls that each of two users' messages leads to. */
const CALLS = 4;

function universal() {
  return explore({
    network: { application: 2 },
    setup: async (net) => {
      const [left, right] = net.subnets;
      const install = (name: string, subnet = left!) => net.install(universalCanister(), { name, subnet });
      const [a, b, c] = [await install("a"), await install("b"), await install("c", right)];
      // Each user's call leads to four calls in a row, and each of these to an answer: of two users twenty messages.
      const step = (left: number): Uint8Array => {
        if (left === 0) return reply("end");
        const callee = principalId(left % 2 === 0 ? b : c);
        return call(callee, { arg: program(note("x"), step(left - 1)), onReply: program(append(argument), send), onReject: reply("-") });
      };
      return { a, b, go: step(CALLS), yes: reply("yes") };
    },
    body: async ({ a, go }) => {
      await Promise.allSettled([a.call("run", go), a.call("run", go)]);
    },
    invariants: { "it never says no": ({ b, yes }) => b.lookAt("look", yes).length === 3 },
  });
}

interface Bank {
  deposit(amount: bigint): Promise<bigint>;
  withdraw(amount: bigint): Promise<unknown>;
}

interface Ledger {
  total(to: unknown): Promise<bigint>;
}

function motoko() {
  return explore({
    setup: async (net) => {
      const ledger = await net.install<Ledger>(loadGenerated("reentrancy-ledger"), { name: "ledger" });
      const bank = await net.install<Bank>(loadGenerated("reentrancy-bank"), { args: [ledger.id], name: "bank" });
      const alice = net.identity("alice");
      await bank.as(alice).actor.deposit(100n);
      return { ledger, bank, alice };
    },
    body: async ({ bank, alice }) => {
      const account = bank.as(alice).actor;
      await Promise.allSettled([account.withdraw(60n), account.withdraw(60n)]);
    },
    invariants: { "nobody is paid what was not there": ({ ledger, alice }) => ledger.look.total(alice.getPrincipal()) <= 100n },
  });
}

type Run = (overrides: { readonly runs: number; readonly seed: number }) => Promise<ExploreResult>;

async function rate(run: Run, name: string, { isQuick, progress }: FigureOptions): Promise<number> {
  const rates: number[] = [];
  for (let turn = 0; turn < (isQuick ? 3 : 9); turn++) {
    const { runs, milliseconds, orders, counterexample } = await run({ runs: isQuick ? 200 : 1000, seed: 1 + turn * 1000 });
    if (counterexample !== null) throw new Error(counterexample.text);
    // The bank has eight, when all are met: its users come to one canister.
    if (orders < 5) throw new Error(`only ${orders} orders: nothing was explored`);
    rates.push((runs / milliseconds) * 1000);
  }
  progress(`  ${name} ${rounded(median(rates))}`);
  return rounded(median(rates));
}

async function measure(options: FigureOptions): Promise<Results> {
  return {
    schedulesPerSecond: await rate((how) => universal().run(how), "universal canisters", options),
    motokoSchedulesPerSecond: await rate((how) => motoko().run(how), "Motoko", options),
  };
}

export const exploration: Figure = {
  name: "schedulesPerSecond",
  aim: { kind: "at least", value: 1000, of: (results) => results["schedulesPerSecond"] as number },
  nodeFlags: [],
  measure,
};
