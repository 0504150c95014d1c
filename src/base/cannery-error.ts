/**
 * A refusal at the rim: something that a person asked for and that cannot be done. It says what was seen and what to do;
 * programs look at the code. What happens *inside* a network (rejects, traps) is data and never thrown as this.
 */
export class CanneryError extends Error {
  override name = "CanneryError";
  /** Stable, such as `candid-argument`: does not change between versions, unlike the text. */
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
