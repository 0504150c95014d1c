/**
 * Whether the path of an expression in a canister's tree is that of a URL: the exact path, or a wildcard where the tree has nothing more specific.
 *
 * Source: HTTP gateway protocol specification, "Expression Path". Its segments are those of the decoded URL, and `/a` and `/a/` are two, as in the
 * library of the platform's gateways (dfinity/response-verification `v2_validation.rs`).
 */
import { path } from "../../../core/certification/certificate.ts";
import type { HashTree } from "../../../core/certification/hash-tree.ts";
import { subtreeAt } from "../../../core/certification/lookup.ts";
import { VerificationFailure } from "./failure.ts";

const ROOT = "http_expr";
const EXACT = "<$>";
const WILDCARD = "<*>";

export function checkExpressionPath(given: readonly string[], urlPath: string, tree: HashTree): void {
  const [first, ...segments] = given;
  const end = segments.pop();
  if (first !== ROOT || (end !== EXACT && end !== WILDCARD)) throw new VerificationFailure(`the expression path ${shown(given)} is none`);
  const asked = segmentsOf(urlPath);
  const exact = [ROOT, ...asked, EXACT];
  if (end === EXACT) {
    if (!isSame(given, exact)) throw new VerificationFailure(`the expression path ${shown(given)} is not that of ${urlPath}`);
    return mustHave(tree, given);
  }
  mustNotHave(tree, exact, given);
  // The last segment of `/a/` is empty: that wildcard is for `/a` too.
  const prefix = segments.at(-1) === "" ? segments.slice(0, -1) : segments;
  if (!startsWith(asked, segments) && !startsWith(asked, prefix)) {
    throw new VerificationFailure(`the expression path ${shown(given)} is not one for ${urlPath}`);
  }
  for (const wildcard of moreSpecific(asked, segments)) mustNotHave(tree, [ROOT, ...wildcard, WILDCARD], given);
  mustHave(tree, given);
}

function segmentsOf(urlPath: string): string[] {
  const segments = urlPath.split("/").filter((segment) => segment !== "");
  return urlPath.endsWith("/") ? [...segments, ""] : segments;
}

/** From the whole path upwards, each with and without a slash at its end: `/a/b`, `/a/`, `/a`, `/`. */
function* moreSpecific(asked: readonly string[], than: readonly string[]): Generator<readonly string[], void, undefined> {
  let wildcard = asked;
  while (wildcard.length > than.length || wildcard.at(-1) !== than.at(-1)) {
    yield wildcard;
    if (wildcard.length === 0) return;
    const parent = wildcard.slice(0, -1);
    wildcard = wildcard.at(-1) === "" ? parent : [...parent, ""];
  }
}

function mustHave(tree: HashTree, labels: readonly string[]): void {
  if (subtreeAt(path(...labels), tree).kind !== "found") throw new VerificationFailure(`the tree does not have ${shown(labels)}`);
}

function mustNotHave(tree: HashTree, labels: readonly string[], given: readonly string[]): void {
  if (subtreeAt(path(...labels), tree).kind === "absent") return;
  throw new VerificationFailure(`the tree may have ${shown(labels)}, which is more specific than ${shown(given)}`);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && startsWith(a, b);
}

function startsWith(whole: readonly string[], start: readonly string[]): boolean {
  return start.every((segment, i) => whole[i] === segment);
}

function shown(labels: readonly string[]): string {
  return labels.join("/");
}
