/// A canister that cannot follow the first version: `total` would change from a number to a text.
persistent actor {
  var total : Text = "";
  public query func state() : async Text { total };
};
