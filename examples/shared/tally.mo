/// A count of outcomes: calls that succeeded, and the others by the name of their reject code.
import Error "mo:core/Error";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Text "mo:core/Text";
import Rejects "rejects";

module {
  public type Outcome = { succeeded : Nat; rejected : [(Text, Nat)] };

  public class Tally() {
    var succeeded = 0;
    let rejected = Map.empty<Text, Nat>();

    public func success() { succeeded += 1 };

    public func reject(error : Error.Error) {
      let name = Rejects.name(error);
      let count = switch (rejected.get(name)) { case (?count) count; case null 0 };
      rejected.add(name, count + 1);
    };

    public func outcome() : Outcome = { succeeded; rejected = rejected.toArray() };
  };
};
