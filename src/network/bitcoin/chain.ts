/**
 * A Bitcoin chain as a network's canisters see it: whoever creates a network with one answers their `bitcoin_*` calls. `regtestBitcoin()` is a small one.
 *
 * The chain stands outside: forks of a network ask the same one, and going back to a snapshot does not take it back. What it answers enters the network
 * as an input, so that a run repeats without it.
 */
import type { BitcoinAnswer, BitcoinHeaders, BitcoinQuestion, BitcoinUtxos } from "../../core/state/pending-calls.ts";
import type { BitcoinNetwork } from "../../core/state/network-state.ts";

/** Each method may throw a `BitcoinRefusal`: its text is what the canister's call is rejected with. */
export interface BitcoinChain {
  /** Calls that name another network are refused. */
  readonly network: BitcoinNetwork;
  /** Satoshi. */
  balance(address: string, minConfirmations: number): bigint;
  /** `page` is the `nextPage` of an earlier answer. */
  utxos(address: string, options: { readonly minConfirmations: number; readonly page: Uint8Array | null }): BitcoinUtxos;
  /** 101 numbers, millisatoshi per vbyte; none where there were no transactions. */
  feePercentiles(): readonly bigint[];
  /** To the tip when there is no end. */
  blockHeaders(startHeight: number, endHeight: number | null): BitcoinHeaders;
  /** The bytes of a transaction, as the Bitcoin network has them. */
  sendTransaction(transaction: Uint8Array): void;
}

/** Why a chain does not answer. */
export class BitcoinRefusal extends Error {
  override name = "BitcoinRefusal";
}

/** Asks the chain. What it throws besides refusals is its own bug, and reaches whoever runs the network. */
export function answerOf(chain: BitcoinChain, question: BitcoinQuestion): BitcoinAnswer {
  try {
    return answered(chain, question);
  } catch (thrown) {
    if (thrown instanceof BitcoinRefusal) return { refused: thrown.message };
    throw thrown;
  }
}

function answered(chain: BitcoinChain, question: BitcoinQuestion): BitcoinAnswer {
  const { method } = question;
  switch (method) {
    case "bitcoin_get_balance":
      return { method, satoshi: chain.balance(question.address, question.minConfirmations) };
    case "bitcoin_get_utxos":
      return { method, ...chain.utxos(question.address, question) };
    case "bitcoin_get_current_fee_percentiles":
      return { method, millisatoshiPerVbyte: chain.feePercentiles() };
    case "bitcoin_get_block_headers":
      return { method, ...chain.blockHeaders(question.startHeight, question.endHeight) };
    case "bitcoin_send_transaction":
      chain.sendTransaction(question.transaction);
      return { method };
  }
}
