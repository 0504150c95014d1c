/**
 * A canister (`test/programs/motoko/web.mo`) that serves pages, certified or not: the trees and headers are made here.
 */
import { encodeWithSelfDescribedTag } from "@dfinity/cbor";
import { createHash } from "node:crypto";
import type { CanisterRequest, Header } from "../../src/api/gateway/messages.ts";
import { parseExpression } from "../../src/api/gateway/verification/expression.ts";
import { requestHash, responseHash } from "../../src/api/gateway/verification/hashes.ts";
import { encodeUtf8 } from "../../src/base/utf8.ts";
import { toBase64 } from "../../src/codec/base64.ts";
import { path } from "../../src/core/certification/certificate.ts";
import { encodeHashTree } from "../../src/core/certification/encoding.ts";
import { digestOf, leaf, type HashTree, type Path } from "../../src/core/certification/hash-tree.ts";
import { labelMap } from "../../src/core/certification/label-map.ts";
import { witness } from "../../src/core/certification/witness.ts";
import type { Canister } from "../../src/index.ts";
import type { Service } from "../programs/motoko.ts";

export type Web = Service<"put" | "certify" | "streamBy" | "http_request" | "http_request_update" | "next" | "echo">;

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

export interface Entry {
  readonly path: Path;
  readonly value: Uint8Array;
}

/** The tree of some paths. */
export function treeOf(entries: readonly Entry[]): HashTree {
  const end = entries.find((entry) => entry.path.length === 0);
  if (end !== undefined) return leaf(end.value);
  const byLabel = new Map<string, { readonly label: Uint8Array; readonly below: Entry[] }>();
  for (const {
    path: [label, ...rest],
    value,
  } of entries) {
    const key = Buffer.from(label!).toString("hex");
    const found = byLabel.get(key) ?? { label: label!, below: [] };
    found.below.push({ path: rest, value });
    byLabel.set(key, found);
  }
  return labelMap([...byLabel.values()].map(({ label, below }) => [label, treeOf(below)] as const));
}

export const NONE = "default_certification(ValidationArgs{no_certification:Empty{}})";
export const responseOnly = (...headers: readonly string[]): string =>
  `default_certification(ValidationArgs{certification:Certification{no_request_certification:Empty{},response_certification:ResponseCertification{certified_response_headers:ResponseHeaderList{headers:${list(headers)}}}}})`;
export const allBut = (...headers: readonly string[]): string =>
  responseOnly(...headers).replace("certified_response_headers", "response_header_exclusions");
export const full = (request: readonly string[], parameters: readonly string[], ...headers: readonly string[]): string =>
  responseOnly(...headers).replace(
    "no_request_certification:Empty{}",
    `request_certification:RequestCertification{certified_request_headers:${list(request)},certified_query_parameters:${list(parameters)}}`,
  );

const list = (names: readonly string[]): string => `[${names.map((name) => `"${name}"`).join(",")}]`;

export interface Page {
  readonly url: string;
  readonly status?: number;
  readonly headers?: readonly Header[];
  readonly body?: Uint8Array | string;
  /** For version 2: by default the exact path of the URL; and what is certified of a page. */
  readonly expressionPath?: readonly string[];
  readonly expression?: string;
  /** Request that is certified with it. */
  readonly request?: Partial<CanisterRequest>;
  readonly version?: 1 | 2 | null;
  readonly streamedBy?: number;
  readonly upgrade?: boolean;
}

const NO_BYTES = new Uint8Array(0);

export function bodyOf({ body = "" }: Page): Uint8Array {
  return typeof body === "string" ? encodeUtf8(body) : body;
}

/** `/a/b?c` is at `http_expr`, `a`, `b`, `<$>`. */
export function exact(url: string): string[] {
  const [plain] = url.split("?");
  const segments = plain!.split("/").filter((segment) => segment !== "");
  return ["http_expr", ...segments, ...(plain!.endsWith("/") ? [""] : []), "<$>"];
}

export function headersOf(page: Page): Header[] {
  const { headers = [], expression, version = 2 } = page;
  return version === 2 ? [...headers, ["IC-CertificateExpression", expression ?? responseOnly("content-type")]] : [...headers];
}

/** Where a page is in the tree. */
export function entryOf(page: Page): Entry | null {
  const { url, status = 200, expression = responseOnly("content-type"), version = 2 } = page;
  const [plain] = url.split("?");
  if (version === null) return null;
  if (version === 1) return { path: path("http_assets", plain!), value: sha256(bodyOf(page)) };
  const at = [...path(...(page.expressionPath ?? exact(url))), sha256(encodeUtf8(expression))];
  const certified = parseExpression(expression);
  if (certified.kind === "none") return { path: at, value: NO_BYTES };
  const request = { method: "GET", url, headers: [], body: NO_BYTES, ...page.request };
  const asked = certified.request === null ? NO_BYTES : requestHash(request, certified.request, sha256);
  const answer = responseHash({ status, headers: headersOf(page), body: bodyOf(page) }, certified.response, sha256);
  return { path: [...at, asked, answer], value: NO_BYTES };
}

/** What an asset canister shows of its tree with a page: its path, and that no other is more specific. */
function shownPaths({ url, expressionPath, version = 2 }: Page): Path[] {
  const [plain] = url.split("?");
  if (version === 1) return [path("http_assets", plain!)];
  const segments = exact(decodeURIComponent(plain!)).slice(1, -1);
  const wildcards = segments.flatMap((_, i) => [segments.slice(0, i), [...segments.slice(0, i), ""]]);
  return [
    path(...(expressionPath ?? exact(url))),
    ...[...wildcards, segments].flatMap((parts) => [path("http_expr", ...parts, "<*>"), path("http_expr", ...parts, "<$>")]),
  ];
}

export interface Certification {
  readonly tree: HashTree;
  /** What stands behind the certificate in the header. */
  of(page: Page): string | null;
}

export function certification(pages: readonly Page[], more: readonly Entry[] = []): Certification {
  const tree = treeOf([...pages.flatMap((page) => entryOf(page) ?? []), ...more]);
  return {
    tree,
    of(page) {
      const { version = 2, url, expressionPath } = page;
      if (version === null) return null;
      const shown = `tree=:${toBase64(encodeHashTree(witness(tree, shownPaths(page), sha256)))}:`;
      return version === 1
        ? shown
        : `${shown}, version=2, expr_path=:${toBase64(encodeWithSelfDescribedTag([...(expressionPath ?? exact(url))]))}:`;
    },
  };
}

/** The key under which the canister has a page is its URL, unless given. */
export async function put(web: Canister<Web>, page: Page, certified: string | null, key: string = page.url): Promise<void> {
  await web.actor.put(key, {
    status: page.status ?? 200,
    headers: headersOf(page),
    body: bodyOf(page),
    certification: certified === null ? [] : [certified],
    streamedBy: page.streamedBy === undefined ? [] : [BigInt(page.streamedBy)],
    upgrade: page.upgrade ?? false,
  });
}

/** Serves the pages, each certified as it says. */
export async function serve(web: Canister<Web>, pages: readonly Page[]): Promise<Certification> {
  const made = certification(pages);
  await web.actor.certify(digestOf(made.tree, sha256));
  for (const page of pages) await put(web, page, made.of(page));
  return made;
}
