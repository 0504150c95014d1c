/**
 * Requests and responses between Node's sockets and the server's functions.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { InstanceResponse } from "../../api/pocketic/handler.ts";

/** Most bytes of a body: what one buffer of this process may hold. The real server knows no limit. */
const MAX_BODY_BYTES = 2 ** 31;

/** `null` when there is more than is taken. Rejects when the client goes away in the middle. */
export function bodyOf(request: IncomingMessage): Promise<Uint8Array | null> {
  const pieces: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (piece: Buffer) => {
      length += piece.length;
      if (length <= MAX_BODY_BYTES) return void pieces.push(piece);
      pieces.length = 0;
      request.pause();
      resolve(null);
    });
    request.once("end", () => resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)));
    request.once("error", reject);
    request.once("close", () => request.complete || reject(new Error("the client went away")));
  });
}

export function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: InstanceResponse): void {
  const size = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  // The answer to a HEAD tells the length of a body that it does not have.
  const isTold = status === 204 || status === 304 || (request.method === "HEAD" && "content-length" in headers);
  const length = isTold ? {} : { "content-length": size };
  response.writeHead(status, { ...headers, ...length });
  response.end(request.method === "HEAD" || size === 0 ? undefined : body);
}

export function empty(status: number): InstanceResponse {
  return { status, headers: {}, body: "" };
}

export function plain(status: number, text: string): InstanceResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: text };
}
