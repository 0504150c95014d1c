/**
 * HTTPS outcalls by a browser's fetch, as near to the platform's adapter (`outcall-node.ts`) as it lets us: no redirects, thirty seconds, a limit on what is read.
 *
 * Source: management-canister.md 6, "Adapter event". Ours: `http://` is allowed too, as on local networks.
 */
import { concat } from "../base/bytes.ts";
import type { OutcallRequest, OutcallResponse } from "../core/state/pending-calls.ts";
import { RejectCode } from "../core/state/rejects.ts";

const TIMEOUT_MILLISECONDS = 30_000;
const MAX_RESPONSE_BYTES = 2_000_000;
const USER_AGENT = "ic/1.0";

export async function fetchOutcall(request: OutcallRequest): Promise<OutcallResponse> {
  const failed = (code: RejectCode, message: string): OutcallResponse => ({ kind: "reject", code, message });
  if (!URL.canParse(request.url)) return failed(RejectCode.SYS_FATAL, `Failed to parse URL: ${request.url}`);
  const url = new URL(request.url);
  if (url.protocol !== "https:" && url.protocol !== "http:") return failed(RejectCode.SYS_FATAL, "Url need to specify https scheme");
  let headers: Headers;
  try {
    headers = new Headers(request.headers.map(({ name, value }): [string, string] => [name, value]));
  } catch (thrown) {
    return failed(RejectCode.SYS_FATAL, `Invalid headers: ${textOf(thrown)}`);
  }
  if (!headers.has("user-agent")) headers.set("user-agent", USER_AGENT);
  try {
    const response = await fetch(url, {
      method: request.method.toUpperCase(),
      headers,
      ...(request.body === null || request.method === "get" || request.method === "head" ? {} : { body: Uint8Array.from(request.body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    const limit = request.maxResponseBytes ?? MAX_RESPONSE_BYTES;
    const body = await read(response, limit);
    if (body === null) return failed(RejectCode.SYS_FATAL, `Http body exceeds size limit of ${limit} bytes.`);
    return { kind: "response", status: response.status, headers: [...response.headers].map(([name, value]) => ({ name, value })), body };
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "TimeoutError") return failed(RejectCode.SYS_FATAL, "Deadline Exceeded");
    return failed(RejectCode.SYS_TRANSIENT, `Connecting to ${url.host.slice(0, 50)} failed: ${textOf(thrown)}`);
  }
}

/** The body, or `null` as soon as it is longer than the limit. */
async function read(response: Response, limit: number): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    if (length > limit) return null;
    pieces.push(piece);
  }
  return concat(...pieces);
}

function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error && thrown.cause.message !== "" ? `${thrown.message} (${thrown.cause.message})` : thrown.message;
}
