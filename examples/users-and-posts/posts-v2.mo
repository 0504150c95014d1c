/// The posts canister after an upgrade: posts can be liked. `posts` and `nextId` keep their names and types, so
/// the upgrade finds their old values; `likes` is new and starts empty.
import Error "mo:core/Error";
import Iter "mo:core/Iter";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Runtime "mo:core/Runtime";
import Types "types";

persistent actor Posts {
  let posts = Map.empty<Types.PostId, Types.Post>();
  let likes = Map.empty<Types.PostId, Nat>();
  var nextId : Types.PostId = 0;

  func usersCanister<system>() : Types.Users {
    let ?id = Runtime.envVar<system>("PUBLIC_CANISTER_ID:users") else Runtime.trap("PUBLIC_CANISTER_ID:users is not set");
    actor (id) : Types.Users;
  };

  func likesOf(id : Types.PostId) : Nat {
    switch (likes.get(id)) { case (?count) count; case null 0 };
  };

  public func publish(author : Types.UserId, text : Text) : async Types.PostId {
    let ?user = await usersCanister<system>().find(author) else throw Error.reject("there is no user " # author.toText());
    let id = nextId;
    nextId += 1;
    posts.add(id, { id; author = user; text });
    id;
  };

  public func like(id : Types.PostId) : async Nat {
    if (not posts.containsKey(id)) throw Error.reject("there is no post " # id.toText());
    let count = likesOf(id) + 1;
    likes.add(id, count);
    count;
  };

  public query func read(id : Types.PostId) : async ?(Types.Post and { likes : Nat }) {
    let ?post = posts.get(id) else return null;
    ?{ post with likes = likesOf(id) };
  };

  public query func list() : async [Types.Post] {
    posts.values().toArray();
  };
};
