/// A price from the web. Every node of the subnet asks for it, and they must agree on the answer to the last byte: `transform` takes away
/// what differs from node to node. A failure that may pass is tried again, and each attempt is in the journal. Only one `refresh` runs at a
/// time, since each attempt costs cycles: the guard is taken before the first await and given back in `finally`, whatever happens in between.
import Error "mo:core/Error";
import List "mo:core/List";
import Nat "mo:core/Nat";
import Text "mo:core/Text";

persistent actor Feed {
  type Header = { name : Text; value : Text };
  type Response = { status : Nat; headers : [Header]; body : Blob };
  type Request = {
    url : Text;
    max_response_bytes : ?Nat64;
    method : { #get; #head; #post };
    headers : [Header];
    body : ?Blob;
    transform : ?{ function : shared query TransformArgument -> async Response; context : Blob };
    is_replicated : ?Bool;
  };
  type TransformArgument = { response : Response; context : Blob };
  type Management = actor { http_request : shared Request -> async Response };

  type Entry = { attempt : Nat; outcome : { #price : Text; #failed : Text } };

  transient let management : Management = actor "aaaaa-aa";
  transient let maxAttempts = 3;
  /// What is not needed comes back.
  transient let attached = 1_000_000_000;

  var price : ?Text = null;
  let attempts = List.empty<Entry>();
  /// An upgrade forgets it, as it does whoever could give it back.
  transient var isBusy = false;

  public query func transform({ response } : TransformArgument) : async Response {
    { response with headers = [] };
  };

  public query func latest() : async ?Text { price };

  public query func journal() : async [Entry] { attempts.toArray() };

  public func refresh() : async { #fresh : Text; #busy; #failed } {
    if (isBusy) return #busy;
    isBusy := true;
    try {
      for (attempt in Nat.rangeInclusive(1, maxAttempts)) {
        let outcome = await* ask();
        attempts.add({
          attempt;
          outcome = switch outcome {
            case (#price found) #price found;
            case (#passing why or #final why) #failed why;
          };
        });
        switch outcome {
          case (#price found) {
            price := ?found;
            return #fresh found;
          };
          case (#passing _) {};
          case (#final _) return #failed;
        };
      };
      #failed;
    } finally { isBusy := false };
  };

  func ask() : async* { #price : Text; #passing : Text; #final : Text } {
    try {
      let { status; body } = await (with cycles = attached) management.http_request({
        url = "https://example.org/price";
        max_response_bytes = ?1_000;
        method = #get;
        headers = [];
        body = null;
        transform = ?{ function = transform; context = "" };
        is_replicated = null;
      });
      if (status != 200) return #passing("status " # status.toText());
      switch (body.decodeUtf8()) {
        case (?found) #price found;
        case null #final "not a text";
      };
    } catch (error) {
      switch (error.code()) {
        case (#system_transient) #passing(error.message());
        case _ #final(error.message());
      };
    };
  };
};
