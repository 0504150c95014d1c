/**
 * The header `IC-Certificate`: `certificate=:<base64>:, tree=:<base64>:, version=2, expr_path=:<base64>:`.
 *
 * Source: HTTP gateway protocol specification, "The Certificate Header". Of fields that come twice the first counts, and other fields say nothing, as in
 * the library of the platform's gateways (dfinity/response-verification `certificate_header.rs`).
 */
import { fromBase64, toBase64 } from "../../../codec/base64.ts";
import { decodeCbor, InvalidCbor } from "../../../codec/cbor.ts";
import { decodeHashTree, MalformedCertificate } from "../../../core/certification/encoding.ts";
import type { HashTree } from "../../../core/certification/hash-tree.ts";
import { VerificationFailure } from "./failure.ts";

export interface CertificateHeader {
  /** Encoded. */
  readonly certificate: Uint8Array;
  /** The canister's own tree, whose root it certified. */
  readonly tree: HashTree;
  readonly version: number;
  /** Labels from the root to the expression; from version 2 on. */
  readonly expressionPath: readonly string[] | null;
}

export function parseCertificateHeader(value: string): CertificateHeader {
  const fields = new Map<string, string>();
  for (const field of value.split(",")) {
    const match = /^([^=]+)=:?([^:]+):?$/.exec(field.trim());
    if (match !== null && !fields.has(match[1]!)) fields.set(match[1]!, match[2]!);
  }
  const version = fields.get("version") ?? "1";
  if (!/^\d{1,3}$/.test(version)) throw new VerificationFailure(`the version ${version} of IC-Certificate is no number`);
  const path = fields.get("expr_path");
  return {
    certificate: bytesOf(fields, "certificate"),
    tree: treeOf(bytesOf(fields, "tree")),
    version: Number(version),
    expressionPath: path === undefined ? null : textsOf(bytesOf(fields, "expr_path")),
  };
}

function bytesOf(fields: ReadonlyMap<string, string>, name: string): Uint8Array {
  const text = fields.get(name);
  if (text === undefined) throw new VerificationFailure(`IC-Certificate has no ${name}`);
  const bytes = fromBase64(text);
  // Bits behind the last byte are zero, as the library of the platform's gateways has it: one text for the same bytes.
  if (bytes === null || toBase64(bytes) !== text) throw new VerificationFailure(`the ${name} of IC-Certificate is not base64`);
  return bytes;
}

function treeOf(bytes: Uint8Array): HashTree {
  try {
    return decodeHashTree(bytes);
  } catch (error) {
    if (!(error instanceof MalformedCertificate)) throw error;
    throw new VerificationFailure(`the tree of IC-Certificate is none: ${error.message}`);
  }
}

function textsOf(bytes: Uint8Array): string[] {
  const wrong = (): VerificationFailure => new VerificationFailure("the expr_path of IC-Certificate is no list of texts");
  let value: unknown;
  try {
    value = decodeCbor(bytes);
  } catch (error) {
    if (!(error instanceof InvalidCbor)) throw error;
    throw wrong();
  }
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw wrong();
  return value;
}
