/// A free loaf a day, paid in cycles by the canister.
import Time "mo:core/Time";

persistent actor class Charity(oven : actor { bake : () -> async () }) {
  var last : Int = 0;

  public shared func loaf() : async Bool {
    let now = Time.now();
    if (now < last + 86_400_000_000_000) return false;
    try {
      await (with cycles = 1_000_000_000) oven.bake();
      last := now;
      true;
    } catch (_) { false };
  };
};
