/**
 * Checks of certificates, of which the latest are kept: all that a page is made of comes with one certificate, and a check takes pairings.
 */
import { toHex } from "../../../base/bytes.ts";
import { MalformedCertificate } from "../../../core/certification/encoding.ts";
import type { HashTree } from "../../../core/certification/hash-tree.ts";
import { InvalidCertificate, verifyCertificate } from "../../../core/certification/verify.ts";
import type { PrincipalId } from "../../../core/state/ids.ts";
import type { Platform } from "../../../core/wasm/engine.ts";
import { VerificationFailure } from "./failure.ts";

/** What a certificate shows. Throws a `VerificationFailure` when it is none of this network for this canister. */
export type CertificateCheck = (certificate: Uint8Array, canister: PrincipalId) => HashTree;

const KEPT = 64;

export function certificateCheck(rootKey: Uint8Array, { sha256, networkKeys }: Pick<Platform, "sha256" | "networkKeys">): CertificateCheck {
  const valid = new Map<string, HashTree>();
  return (certificate, canister) => {
    const key = `${canister} ${toHex(sha256(certificate))}`;
    const known = valid.get(key);
    if (known !== undefined) return known;
    const { tree } = checked(() => verifyCertificate(certificate, { rootKey, canister, sha256, networkKeys }));
    if (valid.size >= KEPT) valid.delete(valid.keys().next().value!);
    valid.set(key, tree);
    return tree;
  };
}

function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof InvalidCertificate) && !(error instanceof MalformedCertificate)) throw error;
    throw new VerificationFailure(`the certificate is not valid: ${error.message}`);
  }
}
