/**
 * Answers in the form that agents expect. Source: http-interface.md 1.
 */
import type { HttpRefusal } from "./refusal.ts";

export const CORS = { "access-control-allow-origin": "*" };
/** Replica: `cors_layer` in `rs/http_endpoints/public/src/common.rs` (c7c5005). */
export const PREFLIGHT = {
  ...CORS,
  "access-control-allow-methods": "GET,POST",
  "access-control-allow-headers": "authorization,accept,content-type",
};

export function cborAnswer(body: Uint8Array): Response {
  return new Response(body as Uint8Array<ArrayBuffer>, { status: 200, headers: { "content-type": "application/cbor", ...CORS } });
}

/** 202: accepted, or not finished yet. Clients do not look at the text. */
export function accepted(text: string): Response {
  return new Response(text === "" ? null : text, { status: 202, headers: { "content-type": "text/plain; charset=utf-8", ...CORS } });
}

export function refusalAnswer({ status, message, errorCause }: HttpRefusal): Response {
  const cause: Record<string, string> = errorCause === null ? {} : { "x-ic-error-cause": errorCause };
  return new Response(message, { status, headers: { "content-type": "text/plain; charset=utf-8", ...CORS, ...cause } });
}

/** A browser's question what it may ask: the answer is the same everywhere. */
export function preflight(): Response {
  return new Response(null, { status: 200, headers: PREFLIGHT });
}

/** There is something, and it is not for this HTTP method. */
export function notAllowed(methods: readonly string[]): Response {
  return new Response(null, { status: 405, headers: { allow: methods.join(","), ...CORS } });
}
