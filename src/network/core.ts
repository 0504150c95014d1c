/**
 * The core as this face uses it: `core/network.ts`, or a stand-in in tests.
 */
import type { CertificateRequest } from "../core/certification/certificate.ts";
import type { NetworkEvent } from "../core/events.ts";
import type { Answer, Input, QueryInput } from "../core/inputs.ts";
import type { Deviation } from "../core/schedule/recorder.ts";
import type { Choice, Schedule } from "../core/schedule/schedule.ts";
import type { CanisterId } from "../core/state/ids.ts";
import type { NetworkState } from "../core/state/network-state.ts";

export interface Core<Snapshot = unknown> {
  /** The current state; read only. */
  readonly state: NetworkState;
  step(input: Input): { readonly events: readonly NetworkEvent[]; readonly answer: Answer | null };
  /** A query that leaves no trace. */
  look(input: QueryInput): Answer;
  /** Begins a run: deviations are counted from here. */
  beginRun(): void;
  /** Equal for situations from which the network goes on alike. */
  situation(): string;
  choose(choice: Choice, options: number): number;
  /** Whether the schedule is asked what nobody asks of an ordinary one. */
  readonly injects: boolean;
  /** A probe ended the last step between two executions: nothing goes on until the network is restored. */
  readonly halted: boolean;
  /** Answers what mock canisters ask in queries. */
  mockQueries: ((canister: CanisterId, payload: Uint8Array) => Uint8Array | null) | null;
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void;
  fork(schedule?: Schedule): Core<Snapshot>;
  readonly rootKey: Uint8Array;
  certificate(request: CertificateRequest): Uint8Array;
  /** Hex. */
  digest(): string;
  deviations(): readonly Deviation[];
}
