/**
 * Rewritten modules on disk, so that the next process need not rewrite them: one file each in a cache folder, named by
 * content hash, rewriter version and variant. `CANNERY_CACHE_DIR` names another folder; empty, it switches the cache off.
 *
 * A cache that cannot be read or written never matters: whatever goes wrong here, the module is rewritten again. A file carries its own
 * digest, because a torn or foreign one would run as canister code.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { RewrittenStore } from "../core/wasm/prepare.ts";

const DIGEST_BYTES = 32;

function digestOf(key: string, bytes: Uint8Array): Buffer {
  return createHash("sha256").update(key).update(bytes).digest();
}

/** The folder in use, or `null` when the cache is off. Each user has one of their own: what lies in it is executed. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  const named = environment["CANNERY_CACHE_DIR"];
  if (named !== undefined) return named === "" ? null : named;
  try {
    return join(tmpdir(), `cannery-cache-${userInfo().uid}`);
  } catch {
    // No user, as in some containers: no cache.
    return null;
  }
}

/** In a shared folder for temporary files anybody could have made it before us. */
export function isOwn(folder: string): boolean {
  const uid = process.getuid?.();
  if (uid === undefined) return true;
  const status = statSync(folder);
  return status.uid === uid && (status.mode & 0o022) === 0;
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It was never made.
  }
}

/** Nothing when the cache is off. The folder is made at the first write. */
export function rewrittenStore(folder: string | null = cacheFolder()): RewrittenStore | undefined {
  if (folder === null) return undefined;
  const fileOf = (key: string): string => join(folder, `${key}.wasm`);
  return {
    load(key) {
      try {
        if (!isOwn(folder)) return null;
        const content = readFileSync(fileOf(key));
        const bytes = content.subarray(DIGEST_BYTES);
        if (!content.subarray(0, DIGEST_BYTES).equals(digestOf(key, bytes))) return null;
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      } catch {
        return null;
      }
    },
    save(key, bytes) {
      const partial = join(folder, `${key}.${randomUUID()}.part`);
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(partial, Buffer.concat([digestOf(key, bytes), bytes]));
        // Whole or not at all, also where several processes write the same file.
        renameSync(partial, fileOf(key));
      } catch {
        removeQuietly(partial);
      }
    },
  };
}
