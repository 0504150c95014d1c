/// The registry, as far as users' canisters and tools ask it: which subnet a canister is on.
///
/// What it knows is told at its installation: subnets of a served network stay as they are.
/// Replica: `get_subnet_for_canister` in rs/registry/canister (c7c5005), and its texts.
import Principal "mo:core/Principal";

persistent actor class Registry(init : { ranges : [{ start : Principal; end : Principal; subnet : Principal }] }) {
  /// Of a canister's id: an index of eight bytes and two of its kind.
  transient let CANISTER_ID_BYTES = 10;
  let ranges = init.ranges;

  public query func get_subnet_for_canister({ principal } : { principal : ?Principal }) : async {
    #Ok : { subnet_id : ?Principal };
    #Err : Text;
  } {
    let ?id = principal else return #Err("No principal supplied");
    if (id.toBlob().size() != CANISTER_ID_BYTES) return #Err("Invalid canister ID.");
    for ({ start; end; subnet } in ranges.vals()) {
      if (start <= id and id <= end) return #Ok { subnet_id = ?subnet };
    };
    #Err("Canister is not assigned to any subnet.");
  };
};
