/// Orders are paid from a budget, in cycles; when an order fails the cycles come back, and so does the budget.
persistent actor class Bakery(oven : actor { bake : () -> async () }) {
  var budget = 3;

  public shared func order() : async Bool {
    if (budget == 0) return false;
    budget -= 1;
    try {
      await (with cycles = 1_000_000_000; timeout = 5) oven.bake();
      true;
    } catch (_) {
      budget += 1;
      false;
    };
  };

  public query func left() : async Nat { budget };
};
