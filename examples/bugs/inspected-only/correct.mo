/// Only the owner may close the account; others are turned away at the door, and again inside.
persistent actor class Account(owner : Principal) {
  var isOpen = true;

  system func inspect({ caller : Principal }) : Bool { caller == owner };

  public shared ({ caller }) func close() : async () {
    assert caller == owner;
    isOpen := false;
  };

  public query func open() : async Bool { isOpen };
};
