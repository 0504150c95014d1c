/**
 * Responses of the REST API, and the JSON of requests: statuses and texts for what is wrong are those of the real server's extractors.
 *
 * Source: pocketic-server.md 2. Replica: `axum::Json`, as `rs/pocket_ic_server/src/state_api/routes.rs` uses it (c7c5005).
 */
import { OperationFailed } from "./failure.ts";
import type { InstanceRequest, InstanceResponse } from "./handler.ts";
import { parseJson, writeJson } from "./json.ts";
import { BadShape } from "./shape.ts";

/** A page, not JSON. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A request that is no JSON of any kind: status and text of the real server's extractor. */
class NoJson extends Error {
  override name = "NoJson";
  readonly status: 400 | 415;

  constructor(status: 400 | 415, message: string) {
    super(message);
    this.status = status;
  }
}

export function jsonOf({ contentType, body }: Pick<InstanceRequest, "contentType" | "body">): unknown {
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(contentType ?? ""))
    throw new NoJson(415, "Expected request with `Content-Type: application/json`");
  try {
    return parseJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw new NoJson(400, `Failed to parse the request body as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const PLAIN = { "content-type": "text/plain; charset=utf-8" };

/** The response for what a function gives or throws. */
export async function answered(run: () => unknown, status = 200): Promise<InstanceResponse> {
  try {
    const result = await run();
    if (result instanceof Html) return { status, headers: { "content-type": "text/html; charset=utf-8" }, body: result.text };
    return json(status, result);
  } catch (error) {
    if (error instanceof OperationFailed) return json(error.status, { message: error.message });
    if (error instanceof NoJson) return { status: error.status, headers: PLAIN, body: error.message };
    if (error instanceof BadShape)
      return { status: 422, headers: PLAIN, body: `Failed to deserialize the JSON body into the target type: ${error.message}` };
    throw error;
  }
}

export function json(status: number, value: unknown): InstanceResponse {
  return { status, headers: { "content-type": "application/json" }, body: writeJson(value) };
}
