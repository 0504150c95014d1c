/**
 * `largeModuleMilliseconds`: a module of 60 MiB uploaded in chunks of one MiB and installed from them, for the first time in a process.
 *
 * `largeModulePeakMiB`: how much the process grew at most. The chunk store holds the module once, the installed canister once, the trace the calls that
 * brought it, and the module cache what the rewriter made of it.
 */
import { createHash } from "node:crypto";
import { Principal } from "@icp-sdk/core/principal";
import { argumentCodec, type ArgumentName, type ArgumentValue } from "../src/core/management/candid.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { rounded, timedAsync } from "./measure.ts";
import { newNetwork } from "./network-support.ts";

const MIB = 1 << 20;

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const size = isQuick ? 6 : 60;
  const module = moduleOf(size * MIB);
  const net = await newNetwork();
  const { id } = await net.createCanister();
  const canister_id = Principal.from(id);
  const management = net.canister("aaaaa-aa");
  const call = <N extends ArgumentName>(method: N, value: ArgumentValue[N]): Promise<Uint8Array> =>
    management.call(method, argumentCodec(method).encode([value]));
  const before = process.memoryUsage().rss / MIB;
  const hashes: { hash: Uint8Array }[] = [];
  const upload = await timedAsync(async () => {
    for (let at = 0; at < module.length; at += MIB) {
      const chunk = module.subarray(at, at + MIB);
      await call("upload_chunk", { canister_id, chunk });
      hashes.push({ hash: sha256(chunk) });
    }
  });
  const install = await timedAsync(() =>
    call("install_chunked_code", {
      mode: { install: null },
      target_canister: canister_id,
      store_canister: [],
      chunk_hashes_list: hashes,
      wasm_module_hash: sha256(module),
      arg: new Uint8Array(0),
      sender_canister_version: [],
    }),
  );
  const peak = process.resourceUsage().maxRSS / 1024 - before;
  progress(`  ${size} MiB: upload ${upload.toFixed(0)} ms, install ${install.toFixed(0)} ms, ${peak.toFixed(0)} MiB more at the peak`);
  return { largeModuleMilliseconds: rounded(upload + install), largeModuleSizeMiB: size, largeModulePeakMiB: rounded(peak) };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/** A module that is one data segment, of bytes that do not repeat. */
function moduleOf(dataBytes: number): Uint8Array {
  const section = (id: number, ...content: number[]): number[] => [id, ...leb(content.length), ...content];
  const segment = [1, 0, 0x41, 0, 0x0b, ...leb(dataBytes)];
  const head = [
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(5, 1, 0, ...leb(dataBytes / 65_536 + 1)),
    11,
    ...leb(segment.length + dataBytes),
  ];
  const start = head.length + segment.length;
  const module = new Uint8Array(start + dataBytes);
  module.set([...head, ...segment]);
  const view = new DataView(module.buffer);
  let word = 1;
  for (let at = start; at + 4 <= module.length; at += 4) view.setUint32(at, (word = (Math.imul(word, 1_103_515_245) + 12_345) >>> 0));
  return module;
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

export const largeModules: Figure = {
  name: "largeModuleMilliseconds",
  aim: null,
  nodeFlags: [],
  measure,
};
