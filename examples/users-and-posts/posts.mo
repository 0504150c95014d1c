/// The posts of a small forum. Each new post asks the users canister who its author is.
///
/// No id is written down anywhere: the users canister is found at run time through the environment variable
/// `PUBLIC_CANISTER_ID:users`, which icp-cli and `net.deploy` set for every canister of a project.
import Error "mo:core/Error";
import Iter "mo:core/Iter";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Runtime "mo:core/Runtime";
import Types "types";

persistent actor Posts {
  let posts = Map.empty<Types.PostId, Types.Post>();
  var nextId : Types.PostId = 0;

  func usersCanister<system>() : Types.Users {
    let ?id = Runtime.envVar<system>("PUBLIC_CANISTER_ID:users") else Runtime.trap("PUBLIC_CANISTER_ID:users is not set");
    actor (id) : Types.Users;
  };

  public func publish(author : Types.UserId, text : Text) : async Types.PostId {
    let ?user = await usersCanister<system>().find(author) else throw Error.reject("there is no user " # author.toText());
    let id = nextId;
    nextId += 1;
    posts.add(id, { id; author = user; text });
    id;
  };

  public query func read(id : Types.PostId) : async ?Types.Post {
    posts.get(id);
  };

  public query func list() : async [Types.Post] {
    posts.values().toArray();
  };
};
