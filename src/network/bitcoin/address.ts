/**
 * Addresses of Bitcoin's regression test network, and the scripts that they stand for.
 *
 * Source: BIP173 and BIP350 (bech32), the Bitcoin wiki's "List of address prefixes". Base58 and bech32 are @scure/base.
 */
import { bech32, bech32m, createBase58check } from "@scure/base";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "../../base/bytes.ts";

const base58check = createBase58check(sha256);
const PUBLIC_KEY_HASH = 0x6f;
const SCRIPT_HASH = 0xc4;
const WITNESS_PREFIX = "bcrt";

/** The output script of an address, `null` when it is none of this network. */
export function scriptOf(address: string): Uint8Array | null {
  return witnessScript(address) ?? legacyScript(address);
}

function legacyScript(address: string): Uint8Array | null {
  const bytes = attempt(() => base58check.decode(address));
  if (bytes?.length !== 21) return null;
  const hash = bytes.subarray(1);
  if (bytes[0] === PUBLIC_KEY_HASH) return concat(Uint8Array.of(0x76, 0xa9, 20), hash, Uint8Array.of(0x88, 0xac));
  return bytes[0] === SCRIPT_HASH ? concat(Uint8Array.of(0xa9, 20), hash, Uint8Array.of(0x87)) : null;
}

/** Version 0 has the older checksum, all others the newer. */
function witnessScript(address: string): Uint8Array | null {
  for (const code of [bech32, bech32m]) {
    const decoded = attempt(() => code.decode(address as `${string}1${string}`));
    if (decoded?.prefix !== WITNESS_PREFIX) continue;
    const [version, ...words] = decoded.words;
    const program = attempt(() => code.fromWords(words));
    if (version === undefined || version > 16 || (version === 0) !== (code === bech32)) return null;
    if (program === null || program.length < 2 || program.length > 40) return null;
    if (version === 0 && program.length !== 20 && program.length !== 32) return null;
    return concat(Uint8Array.of(version === 0 ? 0 : 0x50 + version, program.length), program);
  }
  return null;
}

/** The library throws on what is not an address of its kind. */
function attempt<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch {
    return null;
  }
}
