/**
 * Response verification: whether a response is what its canister certified, in version 2, and in version 1 for canisters that have no other.
 *
 * Source: HTTP gateway protocol specification, "Response Verification Outline", "Certificate Validation", "Legacy Response Verification", "Response
 * Verification Version Assertion".
 */
import { equal } from "../../../base/bytes.ts";
import { inflate } from "../../../codec/inflate.ts";
import { decodeLeb128 } from "../../../codec/leb128.ts";
import { path } from "../../../core/certification/certificate.ts";
import { digestOf, type HashTree } from "../../../core/certification/hash-tree.ts";
import { lookup, subtreeAt } from "../../../core/certification/lookup.ts";
import type { PrincipalId } from "../../../core/state/ids.ts";
import { principalBytes } from "../../../core/state/principal.ts";
import type { Platform } from "../../../core/wasm/engine.ts";
import type { CanisterRequest, Header } from "../messages.ts";
import type { CertificateCheck } from "./certificates.ts";
import { parseCertificateHeader, type CertificateHeader } from "./certificate-header.ts";
import { checkExpressionPath } from "./expression-path.ts";
import { parseExpression } from "./expression.ts";
import { VerificationFailure } from "./failure.ts";
import { CERTIFICATE, EXPRESSION, isCertified, requestHash, responseHash, type HashedResponse } from "./hashes.ts";

export interface Verification {
  readonly canister: PrincipalId;
  readonly certificateCheck: CertificateCheck;
  readonly nowNanos: bigint;
  readonly platform: Pick<Platform, "sha256" | "gunzip">;
  /** The versions that the canister says it has: public metadata `supported_certificate_versions`; `null` where there is none. */
  supportedVersions(): string | null;
}

/** What was verified: the version, and the headers that the canister stands for; `null` where it certified that it stands for nothing. */
export interface VerifiedResponse {
  readonly version: 1 | 2;
  readonly headers: readonly Header[] | null;
}

/** How far a certificate's time may be from now. */
const MAX_AGE_NANOS = 300_000_000_000n;
/** What a body may be unpacked to. Ours. */
const MAX_BODY_BYTES = 512 * 2 ** 20;

/** Throws a `VerificationFailure`. */
export function verifyResponse(request: CanisterRequest, response: HashedResponse, given: Verification): VerifiedResponse {
  const value = headerOf(response.headers, CERTIFICATE);
  if (value === null) throw new VerificationFailure("the response has no header IC-Certificate");
  const header = parseCertificateHeader(value);
  if (header.version !== 1 && header.version !== 2)
    throw new VerificationFailure(`there is no version ${header.version} of response verification`);
  if (header.version === 1) checkDowngrade(given.supportedVersions());
  const urlPath = pathOf(request.url);
  checkCertificate(header, given);
  return header.version === 1 ? verifyBody(urlPath, response, header, given) : verifyAll(request, urlPath, response, header, given);
}

function checkDowngrade(supported: string | null): void {
  if (supported?.split(",").some((version) => version.trim() === "2") !== true) return;
  throw new VerificationFailure("the canister says that it has version 2 of response verification, and the response is of version 1");
}

function checkCertificate({ certificate, tree }: CertificateHeader, given: Verification): void {
  const { canister, certificateCheck, platform, nowNanos } = given;
  const shown = certificateCheck(certificate, canister);
  const age = nowNanos - timeOf(shown);
  if (age > MAX_AGE_NANOS || age < -MAX_AGE_NANOS) throw new VerificationFailure("the certificate is not of these minutes");
  const certified = lookup(path("canister", principalBytes(canister), "certified_data"), shown);
  if (certified.kind !== "found") throw new VerificationFailure("the certificate does not show the canister's certified data");
  if (!equal(certified.value, digestOf(tree, platform.sha256)))
    throw new VerificationFailure("the tree is not what the canister certified");
}

function timeOf(tree: HashTree): bigint {
  const time = lookup(path("time"), tree);
  if (time.kind !== "found" || time.value.length > 10) throw new VerificationFailure("the certificate does not show its time");
  try {
    return decodeLeb128(time.value).value;
  } catch {
    throw new VerificationFailure("the certificate does not show its time");
  }
}

function verifyAll(
  request: CanisterRequest,
  urlPath: string,
  response: HashedResponse,
  { tree, expressionPath }: CertificateHeader,
  { platform: { sha256 } }: Verification,
): VerifiedResponse {
  const text = headerOf(response.headers, EXPRESSION);
  if (text === null) throw new VerificationFailure("the response has no header IC-CertificateExpression");
  if (expressionPath === null) throw new VerificationFailure("IC-Certificate has no expr_path");
  const expression = parseExpression(text);
  checkExpressionPath(expressionPath, urlPath, tree);
  const below = subtreeAt([...path(...expressionPath), sha256(path(text)[0]!)], tree);
  if (below.kind !== "found") throw new VerificationFailure("the tree does not have the hash of IC-CertificateExpression");
  if (expression.kind === "none") return { version: 2, headers: null };
  const asked = expression.request === null ? path("") : [requestHash(request, expression.request, sha256)];
  const found = subtreeAt([...asked, responseHash(response, expression.response, sha256)], below.tree);
  if (found.kind !== "found") throw new VerificationFailure("the tree does not have the hashes of the request and the response");
  if (found.tree.kind !== "leaf" || found.tree.value.length > 0) {
    throw new VerificationFailure("behind the hashes of the request and the response there is no empty leaf");
  }
  const isKept = isCertified(expression.response);
  const headers = response.headers.filter(([name]) => isKept(name.toLowerCase()) || name.toLowerCase() === CERTIFICATE);
  return { version: 2, headers };
}

function verifyBody(
  urlPath: string,
  { headers, body }: HashedResponse,
  { tree }: CertificateHeader,
  { platform }: Verification,
): VerifiedResponse {
  let found = lookup(path("http_assets", urlPath), tree);
  if (found.kind !== "found") found = lookup(path("http_assets", "/index.html"), tree);
  if (found.kind !== "found") throw new VerificationFailure(`the tree has neither ${urlPath} nor /index.html`);
  const certified = found.value;
  const isIt = (bytes: Uint8Array): boolean => equal(platform.sha256(bytes), certified);
  const decoded = decodedBody(body, headerOf(headers, "content-encoding"), platform);
  if (!isIt(decoded) && !isIt(body)) throw new VerificationFailure("the body is not what the canister certified");
  return { version: 1, headers };
}

function decodedBody(body: Uint8Array, encoding: string | null, platform: Pick<Platform, "gunzip">): Uint8Array {
  try {
    if (encoding === "gzip") return platform.gunzip(body, MAX_BODY_BYTES);
    if (encoding === "deflate") return inflate(body, MAX_BODY_BYTES).bytes;
  } catch (error) {
    throw new VerificationFailure(`the body is not ${encoding}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return body;
}

/** Of headers that come twice the last. */
function headerOf(headers: readonly Header[], name: string): string | null {
  return headers.findLast(([other]) => other.toLowerCase() === name)?.[1] ?? null;
}

/** Of a URL without its host, decoded. */
function pathOf(url: string): string {
  try {
    return decodeURIComponent(/^[^?#]*/.exec(url)![0]);
  } catch {
    throw new VerificationFailure(`the path of ${url} is not UTF-8`);
  }
}
