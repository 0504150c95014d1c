/// The types that both canisters share. A record that travels between them is described once, here.
module {
  public type UserId = Nat;
  public type PostId = Nat;

  public type User = { id : UserId; name : Text };
  public type Post = { id : PostId; author : User; text : Text };

  /// The users canister, as the posts canister calls it.
  public type Users = actor {
    find : shared query UserId -> async ?User;
  };
};
