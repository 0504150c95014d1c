/**
 * HTTPS outcalls as the platform's adapter makes them: what the canister gave goes out as it is, with no header of the host's own but a user agent, and what
 * comes back is handed on as it came: not redirected, not unpacked. Thirty seconds, and a limit on what is read.
 *
 * Source: management-canister.md 6, "Adapter event". Replica: `rs/https_outcalls/adapter/src/rpc_server.rs` (c7c5005).
 * Ours: `http://` is allowed too, as on local networks.
 */
import * as http from "node:http";
import * as https from "node:https";
import type { OutcallRequest, OutcallResponse } from "../core/state/pending-calls.ts";
import { RejectCode } from "../core/state/rejects.ts";

const TIMEOUT_MILLISECONDS = 30_000;
const MAX_RESPONSE_BYTES = 2_000_000;
/** The network's own limit on headers, which says what is wrong, is below. */
const MAX_HEADER_BYTES = 52 * 1024;
const USER_AGENT = "ic/1.0";
/** What hyper reads as no URL, but `URL` escapes. */
const NOT_IN_URLS = /[\0- <>`\x7f]/;

/** What a canister asks for, without how many nodes ask. */
type Asked = Pick<OutcallRequest, "url" | "method" | "headers" | "body" | "maxResponseBytes">;

interface Header {
  readonly name: string;
  readonly value: string;
}

/** The adapter's refusal. */
class Failed extends Error {
  readonly code: RejectCode;
  constructor(code: RejectCode, message: string) {
    super(message);
    this.code = code;
  }
}

export async function fetchOutcall(request: Asked): Promise<OutcallResponse> {
  try {
    return await exchange(request);
  } catch (thrown) {
    if (!(thrown instanceof Failed)) throw thrown;
    return { kind: "reject", code: thrown.code, message: thrown.message };
  }
}

async function exchange(request: Asked): Promise<OutcallResponse> {
  const url = urlOf(request.url);
  const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  const limit = request.maxResponseBytes ?? MAX_RESPONSE_BYTES;
  try {
    const response = await send(request, url, signal);
    const headers = headersOf(response.rawHeaders);
    const left = limit - headers.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
    if (left < 0) {
      response.destroy();
      throw new Failed(RejectCode.SYS_FATAL, `Header size exceeds specified response size limit ${limit}`);
    }
    const body = await read(response, left);
    if (body === null) throw new Failed(RejectCode.SYS_FATAL, `Http body exceeds size limit of ${limit} bytes.`);
    return { kind: "response", status: response.statusCode!, headers, body };
  } catch (thrown) {
    if (thrown instanceof Failed) throw thrown;
    if (signal.aborted) throw new Failed(RejectCode.SYS_FATAL, "Deadline Exceeded");
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Failed(RejectCode.SYS_TRANSIENT, `Connecting to ${url.host.slice(0, 50)} failed: ${why}`);
  }
}

function urlOf(text: string): URL {
  if (NOT_IN_URLS.test(text) || !URL.canParse(text)) throw new Failed(RejectCode.SYS_FATAL, `Failed to parse URL: ${text}`);
  const url = new URL(text);
  if (url.protocol === "https:" || url.protocol === "http:") return url;
  throw new Failed(RejectCode.SYS_FATAL, "Url need to specify https scheme");
}

/** Resolves when the headers of the answer are there. */
function send(request: Asked, url: URL, signal: AbortSignal): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = start(request, url, signal);
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
    outgoing.end(request.body ?? new Uint8Array(0));
  });
}

function start({ method, headers, body }: Asked, url: URL, signal: AbortSignal): http.ClientRequest {
  const has = (name: string): boolean => headers.some((header) => header.name.toLowerCase() === name);
  const { request } = url.protocol === "https:" ? https : http;
  const options = { method: method.toUpperCase(), signal, maxHeaderSize: MAX_HEADER_BYTES, agent: false, setHost: !has("host") } as const;
  const outgoing = request(url, options);
  try {
    for (const { name, value } of headers) outgoing.appendHeader(name, value);
  } catch (thrown) {
    // A name or a value that is none.
    outgoing.on("error", () => {}).destroy();
    throw new Failed(RejectCode.SYS_FATAL, `Invalid headers: ${(thrown as Error).message}`);
  }
  if (!has("user-agent")) outgoing.setHeader("user-agent", USER_AGENT);
  if (!has("content-length") && (method === "post" || (body?.length ?? 0) > 0)) outgoing.setHeader("content-length", body?.length ?? 0);
  // Node's own, unless the canister gave one.
  if (!has("connection")) outgoing.removeHeader("connection");
  return outgoing;
}

function headersOf(raw: readonly string[]): Header[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [{ name: name.toLowerCase(), value: raw[i + 1]! }] : []));
}

/** The body, or `null` as soon as it is longer than the limit. */
async function read(response: http.IncomingMessage, limit: number): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > limit) return null;
    pieces.push(piece);
  }
  return Uint8Array.from(Buffer.concat(pieces));
}
