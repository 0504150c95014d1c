/// Asks an oracle for others.
persistent actor class Relay(oracle : actor { next : () -> async Nat }) {
  public shared func next() : async Nat { await oracle.next() };
};
