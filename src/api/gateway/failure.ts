/**
 * What the gateway answers when there is nothing of a canister's to pass on: a kind with a status, and a sentence for people.
 *
 * Source: pocketic-server.md 8.1; the kinds are those of the platform's gateway (dfinity/ic-gateway `src/routing/error_cause.rs`, `ErrorClientFacing`).
 */

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly description: string;
}

const KINDS = {
  client_unknown_domain: kind(400, "Unknown domain", "This gateway does not serve the domain of the address."),
  client_malformed_request: kind(400, "Malformed request", "The request is not one that can be passed on to a canister."),
  client_body_too_large: kind(413, "Request too large", "The request is larger than what a canister can be sent."),
  client_method_not_allowed: kind(405, "Method not allowed", "Canisters are not asked with this method."),
  canister_id_not_resolved: kind(
    400,
    "No canister in the address",
    "The address names no canister: it must be <canister id>.<domain>, have the parameter canisterId, or be a custom domain of a canister.",
  ),
  canister_id_incorrect: kind(400, "Incorrect canister id", "The canister id in the address is no canister id."),
  canister_not_found: kind(404, "Canister not found", "There is no such canister on this network."),
  canister_error: kind(503, "Canister error", "The canister failed while it answered the request."),
  canister_reject: kind(503, "Request rejected", "The canister rejected the request."),
  canister_frozen: kind(503, "Canister frozen", "The canister has too few cycles to answer. It must be topped up."),
  backend_response_verification: kind(
    503,
    "Response verification error",
    "The response from the canister failed verification and cannot be trusted. Behind <canister id>.raw.<domain> it is shown unverified.",
  ),
  backend_http_gateway: kind(503, "Bad response", "There is no HTTP response of the canister that could be passed on."),
  backend_other: kind(503, "Not available", "The network could not have the request answered."),
  internal_server_error: kind(500, "Internal error", "The gateway failed. This is a bug of Cannery."),
} as const satisfies Readonly<Record<string, Kind>>;

export type FailureKind = keyof typeof KINDS;

function kind(status: number, title: string, description: string): Kind {
  return { status, title, description };
}

export class GatewayFailure extends Error {
  override name = "GatewayFailure";
  readonly kind: FailureKind;
  /** What was seen; `null` where the description says it all. */
  readonly details: string | null;

  constructor(kind: FailureKind, details: string | null = null, options?: ErrorOptions) {
    super(details ?? KINDS[kind].description, options);
    this.kind = kind;
    this.details = details;
  }
}

/** As a page for whoever accepts one, else as JSON. */
export function failureAnswer({ kind, details }: GatewayFailure, accept: string): Response {
  const { status, title, description } = KINDS[kind];
  if (!accept.includes("text/html")) {
    const body = JSON.stringify({ error_type: kind, description, details }, null, 2);
    return new Response(body, { status, headers: { "content-type": "application/json" } });
  }
  const seen = details === null ? "" : `<pre>${escaped(details)}</pre>`;
  return page(status, title, `<p>${escaped(description)}</p>${seen}<p><small>${kind}</small></p>`);
}

/** The body is HTML. */
export function page(status: number, title: string, body: string): Response {
  const style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}pre{white-space:pre-wrap}";
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style><h1>${status === 200 ? "" : `${status} `}${escaped(title)}</h1>${body}</html>\n`;
  return new Response(html, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
