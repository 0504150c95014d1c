/**
 * `bitcoin_*`: questions to a Bitcoin chain. Where somebody outside stands for a chain they are asked, and the answer enters as an input; where nobody
 * does, the calls are refused, as on a platform without Bitcoin canisters.
 *
 * Source: interface spec, "The IC Bitcoin API"; management-canister.md 1.1, 10; cycles.md 10. Replica: `rs/execution_environment/src/bitcoin.rs` (c7c5005).
 * Departure: the platform has a canister per chain, which charges by its instructions too and comes to know blocks after some time; here a question
 * costs the published base, and the chain answers with what it knows at once.
 */
import type { BitcoinQuestion } from "../state/pending-calls.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import type { BitcoinNetwork } from "../state/network-state.ts";
import { route, type World } from "../state/world.ts";
import { fail, type Method } from "./call.ts";
import { decodeArgument, optional, type ArgumentValue, type BitcoinNetworkValue, type Decoded } from "./candid.ts";
import { notImplemented, unexpectedIngress } from "./errors.ts";
import { noChain, notEnoughCyclesForBitcoin, permissionDenied, wrongChain } from "./outside-errors.ts";

export type BitcoinMethod = BitcoinQuestion["method"];

/** `ghsi2-tqaaa-aaaan-aaaca-cai` and `g4xu7-jiaaa-aaaan-aaaaq-cai`: the canisters behind these methods. They count as management canister when slots are counted. */
const MAINNET_CANISTER = "0000000001a000040101" as CanisterId;
const TESTNET_CANISTER = "0000000001a000010101" as CanisterId;
export const BITCOIN_CANISTERS: readonly CanisterId[] = [MAINNET_CANISTER, TESTNET_CANISTER];

/** Whether a call of the canister behind these methods is a question to the chain: nobody installed a canister of that id. */
export function standsForChain({ state }: World, callee: PrincipalId, method: string): boolean {
  if (state.bitcoin === null || callee !== (state.bitcoin === "mainnet" ? MAINNET_CANISTER : TESTNET_CANISTER)) return false;
  const host = route(state, callee);
  return method in PRICES.mainnet && (host === null || !state.subnets.get(host)!.canisters.has(callee));
}

interface Price {
  /** What is taken. */
  readonly base: bigint;
  /** What must be attached. */
  readonly attached: bigint;
}

const M = 1_000_000n;
const price = (base: bigint, attached: bigint): Price => ({ base: base * M, attached: attached * M });
type Prices = Readonly<Record<BitcoinMethod, (bytes: bigint) => Price>>;

function pricesOf(prices: { readonly look: Price; readonly list: Price; readonly send: bigint; readonly sendByte: bigint }): Prices {
  return {
    bitcoin_get_balance: () => prices.look,
    bitcoin_get_current_fee_percentiles: () => prices.look,
    bitcoin_get_utxos: () => prices.list,
    bitcoin_get_block_headers: () => prices.list,
    bitcoin_send_transaction: (bytes) => price(prices.send + prices.sendByte * bytes, prices.send + prices.sendByte * bytes),
  };
}

const PRICES: Readonly<Record<"mainnet" | "test", Prices>> = {
  mainnet: pricesOf({ look: price(10n, 100n), list: price(50n, 10_000n), send: 5_000n, sendByte: 20n }),
  test: pricesOf({ look: price(4n, 40n), list: price(20n, 4_000n), send: 2_000n, sendByte: 8n }),
};

export const bitcoinCall: Method = ({ world, call }) => {
  const method = call.method as BitcoinMethod;
  if (call.source.kind === "ingress") return fail(call, unexpectedIngress(method));
  const decoded = decodeQuestion(method, call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  const { asked, question } = decoded.value;
  const { bitcoin } = world.state;
  if (bitcoin === null || (asked === "mainnet") !== (bitcoin === "mainnet")) return fail(call, noChain(method));
  if (asked !== bitcoin) return fail(call, wrongChain(bitcoin, asked));
  const bytes = question.method === "bitcoin_send_transaction" ? BigInt(question.transaction.length) : 0n;
  const { base, attached } = PRICES[bitcoin === "mainnet" ? "mainnet" : "test"][method](bytes);
  if (call.cycles < attached) return fail(call, notEnoughCyclesForBitcoin(call.cycles, attached));
  return { kind: "pending", request: { kind: "bitcoin", question }, refundCycles: call.cycles - base };
};

/** Of the Bitcoin canisters alone. */
export const bitcoinGetSuccessors: Method = ({ call }) =>
  fail(call, call.source.kind === "ingress" ? unexpectedIngress(call.method) : notPrivileged(call.sender, call.method));
/** Replica: a user is told the name of the other method. */
export const bitcoinSendTransactionInternal: Method = ({ call }) =>
  fail(call, call.source.kind === "ingress" ? unexpectedIngress("bitcoin_get_successors") : notPrivileged(call.sender, call.method));

const notPrivileged = (sender: PrincipalId, method: string) =>
  BITCOIN_CANISTERS.includes(sender) ? notImplemented(method) : permissionDenied();

interface Asked {
  readonly asked: BitcoinNetwork;
  readonly question: BitcoinQuestion;
}

const networkOf = (value: BitcoinNetworkValue): BitcoinNetwork => Object.keys(value)[0]!.toLowerCase() as BitcoinNetwork;

function decodeQuestion(method: BitcoinMethod, arg: Uint8Array): Decoded<Asked> {
  const decoded = decodeArgument(method, arg);
  if (decoded.kind === "error") return decoded;
  return { kind: "value", value: { asked: networkOf(decoded.value.network), question: questionOf(method, decoded.value) } };
}

/** `value` is of the type that belongs to the method. */
function questionOf(method: BitcoinMethod, value: object): BitcoinQuestion {
  switch (method) {
    case "bitcoin_get_balance": {
      const { address, min_confirmations } = value as ArgumentValue[typeof method];
      return { method, address, minConfirmations: optional(min_confirmations) ?? 0 };
    }
    case "bitcoin_get_utxos": {
      const { address, filter } = value as ArgumentValue[typeof method];
      const given = optional(filter);
      if (given === null) return { method, address, minConfirmations: 0, page: null };
      if ("page" in given) return { method, address, minConfirmations: 0, page: given.page };
      if ("Page" in given) return { method, address, minConfirmations: 0, page: given.Page };
      const minConfirmations = "min_confirmations" in given ? given.min_confirmations : given.MinConfirmations;
      return { method, address, minConfirmations, page: null };
    }
    case "bitcoin_get_current_fee_percentiles":
      return { method };
    case "bitcoin_get_block_headers": {
      const { start_height, end_height } = value as ArgumentValue[typeof method];
      return { method, startHeight: start_height, endHeight: optional(end_height) };
    }
    case "bitcoin_send_transaction":
      return { method, transaction: (value as ArgumentValue[typeof method]).transaction };
  }
}
