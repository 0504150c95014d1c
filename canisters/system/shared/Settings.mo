/// A canister's settings as the management canister takes them, and the ways to say where a canister is to be created.
///
/// Source: interface spec, management-canister#ic-create_canister; Replica: rs/nns/cmc/cmc.did (c7c5005).
module {
  public type CanisterSettings = {
    controllers : ?[Principal];
    compute_allocation : ?Nat;
    memory_allocation : ?Nat;
    freezing_threshold : ?Nat;
    reserved_cycles_limit : ?Nat;
    log_visibility : ?{ #controllers; #public_; #allowed_viewers : [Principal] };
    wasm_memory_limit : ?Nat;
    wasm_memory_threshold : ?Nat;
    environment_variables : ?[{ name : Text; value : Text }];
  };

  public type SubnetSelection = {
    #Subnet : { subnet : Principal };
    #Filter : { subnet_type : ?Text };
  };

  /// The settings with a controller where they name none.
  public func controlledBy(settings : ?CanisterSettings, controller : Principal) : CanisterSettings = switch settings {
    case (?given) ({
      given with
      controllers = switch (given.controllers) { case null ?[controller]; case named named };
    });
    case null ({
      controllers = ?[controller];
      compute_allocation = null;
      memory_allocation = null;
      freezing_threshold = null;
      reserved_cycles_limit = null;
      log_visibility = null;
      wasm_memory_limit = null;
      wasm_memory_threshold = null;
      environment_variables = null;
    });
  };
};
