/**
 * Instances that outlive their server (`state_dir`): what is done to an instance is written down, and done again when it is wanted again. It is
 * deterministic, so that is the same instance.
 *
 * Ours: the real server keeps checkpoints there. A line is written before its effect can be seen, so nothing is lost when the server is killed.
 */
import { fromBase64, toBase64 } from "../../codec/base64.ts";
import { pack, unpack } from "../../codec/packed-json.ts";
import type { SubnetRequest } from "../../core/genesis.ts";
import type { Input, RoundMakers } from "../../core/inputs.ts";
import type { SubnetId } from "../../core/state/ids.ts";
import { CreationRefused, type InstanceConfig, type SubnetSpec } from "./config.ts";

export interface TickOptions {
  /** Runs before the others. */
  readonly first?: SubnetId | null;
  /** Runs after the others. */
  readonly last?: SubnetId | null;
  readonly blockMakers?: readonly (readonly [SubnetId, RoundMakers])[];
}

/** What changes an instance. */
export type Deed =
  | { readonly kind: "tick"; readonly clockNanos: bigint; readonly options: TickOptions }
  | { readonly kind: "clock"; readonly timeNanos: bigint; readonly certified: boolean }
  | { readonly kind: "subnet"; readonly spec: SubnetSpec; readonly request: SubnetRequest }
  | { readonly kind: "input"; readonly input: Input };

/** A file of lines in the state directory. */
export interface JournalFile {
  /** Those that were there when it was opened. */
  readonly lines: readonly string[];
  append(line: string): void;
  close(): void;
}

const FORMAT = "cannery-instance-1";

interface Header {
  readonly format: typeof FORMAT;
  readonly config: InstanceConfig;
}

/** The state at the end of a session: another version of Cannery may come to another one. */
interface Ending {
  readonly kind: "end";
  readonly digest: string;
}

const bytesOut = (bytes: Uint8Array) => ({ bytes: toBase64(bytes) });

function read(line: string): unknown {
  return unpack(JSON.parse(line) as unknown, ({ bytes }) => fromBase64(bytes!)!);
}

export class Journal {
  /** What the instance was created with, in an earlier session; `null` in the first. */
  readonly created: InstanceConfig | null;
  readonly deeds: readonly Deed[];
  private readonly file: JournalFile;
  private readonly folder: string;
  private readonly ending: string | null;

  /** Throws `CreationRefused` when it cannot be read. */
  constructor(folder: string, file: JournalFile) {
    this.folder = folder;
    this.file = file;
    const [header, ...entries] = this.entries();
    const { format, config } = (header ?? {}) as Partial<Header>;
    if (header !== undefined && format !== FORMAT) throw this.unreadable();
    this.created = config ?? null;
    const last = entries.at(-1) as Deed | Ending | undefined;
    this.ending = last?.kind === "end" ? last.digest : null;
    this.deeds = (entries as (Deed | Ending)[]).filter((entry) => entry.kind !== "end");
  }

  private entries(): unknown[] {
    try {
      return this.file.lines.map(read);
    } catch (error) {
      if (error instanceof SyntaxError) throw this.unreadable();
      throw error;
    }
  }

  private unreadable(): CreationRefused {
    return new CreationRefused(`The state directory ${this.folder} has no state of an instance that Cannery can read.`);
  }

  begin(config: InstanceConfig): void {
    this.write({ format: FORMAT, config } satisfies Header);
  }

  write(entry: Header | Deed | Ending): void {
    this.file.append(JSON.stringify(pack(entry, bytesOut)));
  }

  /** When all deeds were repeated. Throws `CreationRefused` when they came to another state than before. */
  check(digest: () => string): void {
    if (this.ending === null || this.ending === digest()) return;
    throw new CreationRefused(
      `The state directory ${this.folder} was written by another version of Cannery, and this one comes to another state by it: use that version, or an empty directory.`,
    );
  }

  end(digest: string): void {
    this.write({ kind: "end", digest });
    this.file.close();
  }
}
