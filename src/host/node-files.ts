/**
 * Files for the in-process network, by Node.
 */
import { mkdir, open, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { HostFiles } from "../network/host.ts";

export const nodeFiles: HostFiles = {
  resolve: (base, path) => (path.startsWith("file:") ? fileURLToPath(path) : base === null ? resolve(path) : resolve(base, path)),
  directoryOf: (path) => dirname(path),
  stemOf: (path) => basename(path, path.endsWith(".gz") ? ".gz" : extname(path)),
  isFile: async (path) => (await kindOf(path)) === "file",
  isDirectory: async (path) => (await kindOf(path)) === "directory",
  glob,
  read: async (path) => {
    const buffer = await readFile(path);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  },
  slices,
  write,
};

async function* slices(path: string, bytes: number): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    for (let offset = 0; offset < size; offset += bytes) {
      const slice = new Uint8Array(Math.min(bytes, size - offset));
      const { bytesRead } = await file.read(slice, 0, slice.length, offset);
      yield bytesRead === slice.length ? slice : slice.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function write(path: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "w");
  try {
    for await (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}

async function kindOf(path: string): Promise<"file" | "directory" | "other" | "none"> {
  try {
    const found = await stat(path);
    return found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ENOTDIR") return "none";
    throw error;
  }
}

/** `*` is any name or part of one, `**` any number of folders. Folders with a leading dot and `node_modules` are left out. */
async function glob(base: string, pattern: string): Promise<string[]> {
  const segments = pattern.split("/").filter((segment) => segment !== "" && segment !== ".");
  return [...new Set(await matches(base, segments))].sort();
}

async function matches(directory: string, [segment, ...rest]: readonly string[]): Promise<string[]> {
  if (segment === undefined) return [directory];
  if (!segment.includes("*")) {
    const path = join(directory, segment);
    return (await kindOf(path)) === "none" ? [] : matches(path, rest);
  }
  const entries = (await kindOf(directory)) === "directory" ? await readdir(directory, { withFileTypes: true }) : [];
  const visible = entries.filter(({ name }) => !name.startsWith(".") && name !== "node_modules");
  if (segment === "**") {
    const deeper = visible.filter((entry) => entry.isDirectory()).map(({ name }) => matches(join(directory, name), [segment, ...rest]));
    return [...(await matches(directory, rest)), ...(await Promise.all(deeper)).flat()];
  }
  const name = new RegExp(`^${segment.split("*").map(escapePattern).join(".*")}$`, "u");
  const found = visible.filter((entry) => name.test(entry.name)).map((entry) => matches(join(directory, entry.name), rest));
  return (await Promise.all(found)).flat();
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&");
}
