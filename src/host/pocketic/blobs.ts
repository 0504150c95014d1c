/**
 * The server's blobs, by the hash of their bytes as they came: what `set_stable_memory` takes, so that large ones need not go through JSON.
 *
 * Source: pocketic-server.md 3.
 */
import { createHash } from "node:crypto";
import type { StoredBlob } from "../../api/pocketic/operations.ts";

export class Blobs {
  private readonly blobs = new Map<string, StoredBlob>();

  /** Hex of the SHA-256. */
  store(bytes: Uint8Array, isGzip: boolean): string {
    const id = createHash("sha256").update(bytes).digest("hex");
    this.blobs.set(id, { bytes, isGzip });
    return id;
  }

  /** By lower-case hex. */
  get(id: string): StoredBlob | null {
    return this.blobs.get(id) ?? null;
  }
}
