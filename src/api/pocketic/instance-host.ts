/**
 * What an instance has of its surroundings: the engine, clocks, the web, files, and where its user sees what canisters print.
 */
import type { Environment } from "../../core/network.ts";
import type { OutcallRequest, OutcallResponse } from "../../core/state/pending-calls.ts";
import type { SignatureChecks } from "../../crypto/signature-checks.ts";
import type { Features } from "./features.ts";
import type { JournalFile } from "./journal.ts";
import type { SnapshotFolders } from "./snapshots.ts";

/** What an instance needs from its host. */
export interface InstanceHost {
  readonly environment: Environment;
  /** Stack of a canister's run, where the host's is deeper than the default needs. */
  readonly stackBytes?: number;
  readonly checks: SignatureChecks;
  /** Nanoseconds since the Unix epoch. */
  now(): bigint;
  delay(milliseconds: number): Promise<void>;
  /** A line of a canister, where the server's user sees it. */
  print(line: string): void;
  /** An HTTPS outcall on the web; used only while rounds run by themselves. */
  fetchOutcall(request: OutcallRequest): Promise<OutcallResponse>;
  readonly snapshotFolders: SnapshotFolders;
  readonly features: Features;
  /** Of a state directory. Throws `CreationRefused`. */
  openJournal(folder: string): JournalFile;
}
