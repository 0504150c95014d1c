/**
 * Rounds that are run until a message is answered.
 *
 * Replica: `AwaitIngressMessage` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import type { IngressStatus } from "../../core/events.ts";
import type { MessageId, SubnetId } from "../../core/state/ids.ts";
import { badIngress } from "./failure.ts";
import type { Call, Instance } from "./instance.ts";

/** Within which a message that is waited for must be answered. */
const AWAIT_ROUNDS = 100;

type Final = IngressStatus & { readonly kind: "replied" | "rejected" };

/** Throws `OperationFailed` when the message is not answered in time. */
export function awaitIngress(instance: Instance, subnet: SubnetId, id: MessageId): Final {
  const status = finalStatus(instance, subnet, id);
  if (status === null) throw badIngress(`Failed to answer to ingress 0x${id} after ${AWAIT_ROUNDS} rounds.`);
  return status;
}

/** What became of a call that was run to its end. */
export type Outcome = { readonly kind: "replied"; readonly data: Uint8Array } | { readonly kind: "failed"; readonly message: string };

/** Submits a call of any size, and runs rounds until it is answered. */
export function runCall(instance: Instance, call: Call, subnet: SubnetId): Outcome {
  const { id, answer } = instance.submit(call, subnet, { ofAnySize: true });
  if (answer.kind === "refused") return { kind: "failed", message: answer.error.description };
  const status = finalStatus(instance, subnet, id);
  if (status?.kind === "replied") return status;
  return { kind: "failed", message: status?.message ?? `${call.method} was not answered within ${AWAIT_ROUNDS} rounds` };
}

function finalStatus(instance: Instance, subnet: SubnetId, id: MessageId): Final | null {
  for (let round = 0; round < AWAIT_ROUNDS; round++) {
    const status = instance.statusOf(subnet, id)?.status;
    if (status?.kind === "replied" || status?.kind === "rejected") return status;
    instance.tick();
  }
  return null;
}
