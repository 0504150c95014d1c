/** A broken invariant of our own: a bug, never a consequence of what a user or a canister did. */
export class InvariantBroken extends Error {
  override name = "InvariantBroken";
}

/** Stops the run when something that must hold does not. `message` says what was expected. */
export function assert(condition: boolean, message = "invariant broken"): asserts condition {
  if (!condition) throw new InvariantBroken(message);
}

/** For the `default` of an exhaustive `switch`: a new variant is then a type error. */
export function unreachable(value: never): never {
  throw new InvariantBroken(`unexpected variant ${JSON.stringify(value)}`);
}
