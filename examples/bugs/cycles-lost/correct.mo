/// Orders are paid from a budget, in cycles; when it is known that an order was not done the cycles are back, and so is the budget.
import Error "mo:core/Error";

persistent actor class Bakery(oven : actor { bake : () -> async () }) {
  var budget = 3;

  public shared func order() : async Bool {
    if (budget == 0) return false;
    budget -= 1;
    try {
      await (with cycles = 1_000_000_000; timeout = 5) oven.bake();
      true;
    } catch (error) {
      switch (error.code()) {
        case (#system_unknown) {};
        case _ { budget += 1 };
      };
      false;
    };
  };

  public query func left() : async Nat { budget };
};
