/**
 * What pages of other origins may do at the gateway: everything that its methods allow.
 *
 * Source: pocketic-server.md 8.1; dfinity/ic-gateway `src/routing/middleware/cors.rs`, `cli.rs` (how long browsers may remember it).
 */

const ALLOWED_HEADERS = [
  "user-agent, dnt, if-none-match, if-modified-since, cache-control, content-type, range, cookie",
  "x-requested-with, x-ic-canister-id",
];
const MAX_AGE_SECONDS = 7200;

/** On every answer. */
export const CORS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "accept-ranges, content-length, content-range, x-request-id, x-ic-canister-id",
};

/** What a browser is told that asks before a request. */
export function preflight(methods: readonly string[]): Response {
  const headers = {
    "access-control-allow-methods": methods.join(", "),
    "access-control-allow-headers": ALLOWED_HEADERS.join(", "),
    "access-control-max-age": String(MAX_AGE_SECONDS),
  };
  return new Response(null, { status: 200, headers });
}
