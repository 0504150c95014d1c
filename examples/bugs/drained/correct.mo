/// A free loaf a day, paid in cycles by the canister; a day is used up before the loaf is baked.
import Time "mo:core/Time";

persistent actor class Charity(oven : actor { bake : () -> async () }) {
  var last : Int = 0;

  public shared func loaf() : async Bool {
    let now = Time.now();
    if (now < last + 86_400_000_000_000) return false;
    let before = last;
    last := now;
    try {
      await (with cycles = 1_000_000_000) oven.bake();
      true;
    } catch (_) {
      last := before;
      false;
    };
  };
};
