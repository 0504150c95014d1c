/**
 * The core as this face uses it: `core/network.ts`, or a stand-in in tests.
 */
import type { CertificateRequest } from "../core/certification/certificate.ts";
import type { NetworkEvent } from "../core/events.ts";
import type { Answer, Input } from "../core/inputs.ts";
import type { Deviation } from "../core/schedule/recorder.ts";
import type { NetworkState } from "../core/state/network-state.ts";

export interface Core<Snapshot = unknown> {
  /** The current state; read only. */
  readonly state: NetworkState;
  step(input: Input): { readonly events: readonly NetworkEvent[]; readonly answer: Answer | null };
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void;
  fork(): Core<Snapshot>;
  readonly rootKey: Uint8Array;
  certificate(request: CertificateRequest): Uint8Array;
  /** Hex. */
  digest(): string;
  deviations(): readonly Deviation[];
}
