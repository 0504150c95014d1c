/**
 * What an endpoint answers when it does not do what it is asked: a status and a text for people, the platform's where it has one.
 */

export class HttpRefusal extends Error {
  override name = "HttpRefusal";
  readonly status: number;
  /** Of the boundary node's kind: sent as `x-ic-error-cause`. */
  readonly errorCause: string | null;

  constructor(status: number, message: string, errorCause: string | null = null) {
    super(message);
    this.status = status;
    this.errorCause = errorCause;
  }
}

export function badRequest(message: string): HttpRefusal {
  return new HttpRefusal(400, message);
}

/** Made in front of the replica, by the boundary node: two lines and a header. Source: pocketic-server.md 9. */
export function boundaryRefusal(status: number, cause: string, details: string): HttpRefusal {
  return new HttpRefusal(status, `error: ${cause}\ndetails: ${details}`, cause);
}
