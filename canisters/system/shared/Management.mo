/// The management canister, as far as the system canisters call it.
///
/// Source: interface spec, management-canister#ic-candid.
import Settings "Settings";

module {
  public type Management = actor {
    deposit_cycles : ({ canister_id : Principal }) -> async ();
    raw_rand : () -> async Blob;
  };
  /// On a subnet that is named by its id.
  public type Creator = actor {
    create_canister : ({
      settings : ?Settings.CanisterSettings;
      sender_canister_version : ?Nat64;
    }) -> async { canister_id : Principal };
  };
  public let IC : Management = actor ("aaaaa-aa");
};
