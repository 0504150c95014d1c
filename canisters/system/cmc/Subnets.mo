/// Where canisters may be created: subnets for everybody, for some principals, and of named types.
///
/// Replica: rs/nns/cmc/src/main.rs (c7c5005).
import Array "mo:core/Array";
import Map "mo:core/Map";
import Principal "mo:core/Principal";
import Text "mo:core/Text";
import Settings "../shared/Settings";

module {
  public type Subnets = {
    var default : [Principal];
    authorized : Map.Map<Principal, [Principal]>;
    types : Map.Map<Text, [Principal]>;
  };

  public func empty() : Subnets = { var default = []; authorized = Map.empty(); types = Map.empty() };

  /// Subnets in which a canister for the controller may be created, or why there are none.
  public func choices(subnets : Subnets, controller : Principal, selection : ?Settings.SubnetSelection) : { #Ok : [Principal]; #Err : Text } {
    let chosen = switch selection {
      case (?#Subnet { subnet }) {
        if (not isKnown(subnets, controller, subnet)) {
          return #Err("Subnet " # subnet.toText() # " does not exist or " # controller.toText() # " is not authorized to deploy to that subnet.");
        };
        [subnet];
      };
      case (?#Filter { subnet_type = ?kind }) switch (subnets.types.get(kind)) {
        case (?ofKind) ofKind;
        case null return #Err("Provided subnet type " # kind # " does not exist");
      };
      case _ forController(subnets, controller);
    };
    if (chosen.size() == 0) #Err "No subnets in which to create a canister." else #Ok chosen;
  };

  func forController(subnets : Subnets, controller : Principal) : [Principal] = switch (subnets.authorized.get(controller)) {
    case (?own) own;
    case null subnets.default;
  };

  func isKnown(subnets : Subnets, controller : Principal, subnet : Principal) : Bool {
    let isIn = func(list : [Principal]) : Bool = list.find(func(one) = one == subnet) != null;
    let isOwn = switch (subnets.authorized.get(controller)) { case (?own) isIn(own); case null false };
    isIn(subnets.default) or isOwn or subnets.types.any(func(_, ofKind) = isIn(ofKind));
  };
};
