/// The users of a small forum. Their state is kept by upgrades: a persistent actor's variables are stable.
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Types "types";

persistent actor Users {
  let users = Map.empty<Types.UserId, Types.User>();
  var nextId : Types.UserId = 0;

  public func register(name : Text) : async Types.UserId {
    let id = nextId;
    nextId += 1;
    users.add(id, { id; name });
    id;
  };

  public query func find(id : Types.UserId) : async ?Types.User {
    users.get(id);
  };

  public query func count() : async Nat {
    users.size();
  };
};
