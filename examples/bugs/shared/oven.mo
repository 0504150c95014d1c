/// Works for cycles, and keeps them.
import Cycles "mo:core/Cycles";

persistent actor Oven {
  var loaves = 0;

  public shared func bake() : async () {
    if (Cycles.accept<system>(1_000_000_000) == 1_000_000_000) loaves += 1;
  };

  public query func baked() : async Nat { loaves };
};
