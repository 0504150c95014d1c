/**
 * What a Bitcoin chain says to a canister's question comes in: the caller has it after the next round.
 *
 * Source: interface spec, "The IC Bitcoin API"; management-canister.md 10.
 */
import type { Answer, BitcoinInput } from "../inputs.ts";
import { encodeResult, NO_RESULT, opt } from "../management/candid.ts";
import type { BitcoinAnswer, BitcoinQuestion, PendingAnswer } from "../state/pending-calls.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, RejectCode } from "../state/rejects.ts";
import { editSubnet, type World } from "../state/world.ts";

/** Refused when nobody waits for it, or when it answers another question. */
export function takeBitcoinAnswer(world: World, { subnet: id, call: number, answer }: BitcoinInput): Answer {
  if (!world.state.subnets.has(id)) return refused(`There is no subnet ${principalText(id)}.`);
  const subnet = editSubnet(world, id);
  const call = subnet.pendingCalls.get(number);
  if (call?.request.kind !== "bitcoin") return refused(`No question ${number} to Bitcoin waits on subnet ${principalText(id)}.`);
  if (call.arrived !== null) return refused(`Question ${number} to Bitcoin is answered already.`);
  const { question } = call.request;
  if (!("refused" in answer) && answer.method !== question.method) {
    return refused(`Question ${number} to Bitcoin is ${question.method}, and the answer is one to ${answer.method}.`);
  }
  subnet.pendingCalls.set(number, { ...call, arrived: arrivedOf(question, answer) });
  return { kind: "accepted" };
}

function refused(description: string): Answer {
  return { kind: "refused", error: { code: ErrorCode.InvalidManagementPayload, description } };
}

/** Refusals are worded as the Bitcoin canister words them: `get_utxos failed: …`. */
function arrivedOf({ method }: BitcoinQuestion, answer: BitcoinAnswer): PendingAnswer {
  if (!("refused" in answer)) return { kind: "reply", data: encoded(answer) };
  const message = `${method.replace("bitcoin_", "")} failed: ${answer.refused}`;
  return { kind: "reject", reject: { code: RejectCode.CANISTER_REJECT, message } };
}

function encoded(answer: Exclude<BitcoinAnswer, { refused: string }>): Uint8Array {
  switch (answer.method) {
    case "bitcoin_get_balance":
      return encodeResult(answer.method, answer.satoshi);
    case "bitcoin_get_utxos":
      return encodeResult(answer.method, {
        utxos: answer.utxos.map(({ txid, vout, satoshi, height }) => ({ outpoint: { txid, vout }, value: satoshi, height })),
        tip_block_hash: answer.tipBlockHash,
        tip_height: answer.tipHeight,
        next_page: opt(answer.nextPage),
      });
    case "bitcoin_get_current_fee_percentiles":
      return encodeResult(answer.method, [...answer.millisatoshiPerVbyte]);
    case "bitcoin_get_block_headers":
      return encodeResult(answer.method, { tip_height: answer.tipHeight, block_headers: [...answer.headers] });
    case "bitcoin_send_transaction":
      return NO_RESULT;
  }
}
