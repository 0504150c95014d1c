/** A response that is not what its canister certified. The message says why. */
export class VerificationFailure extends Error {
  override name = "VerificationFailure";
}
