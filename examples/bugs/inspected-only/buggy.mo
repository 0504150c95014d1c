/// Only the owner may close the account; others are turned away at the door.
persistent actor class Account(owner : Principal) {
  var isOpen = true;

  system func inspect({ caller : Principal }) : Bool { caller == owner };

  public shared func close() : async () { isOpen := false };

  public query func open() : async Bool { isOpen };
};
