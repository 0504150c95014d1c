/// Serves over HTTP what it was told to, right or wrong: the tests make trees and headers, and this canister puts them behind a certificate of its own.
import Array "mo:core/Array";
import Blob "mo:core/Blob";
import CertifiedData "mo:core/CertifiedData";
import Char "mo:core/Char";
import Iter "mo:core/Iter";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Nat8 "mo:core/Nat8";
import Principal "mo:core/Principal";
import Text "mo:core/Text";
import Prim "mo:⛔";

persistent actor Web {
  type Header = (Text, Text);
  type Request = { method : Text; url : Text; headers : [Header]; body : Blob; certificate_version : ?Nat16 };
  type UpdateRequest = { method : Text; url : Text; headers : [Header]; body : Blob };

  /// As strange as a token may be: recursive, with numbers without bounds, references and what a gateway has no word for.
  type Rest = { #end; #more : { next : Rest; tag : Nat } };
  type Token = { url : Text; at : Nat; rest : Rest; minus : Int; self : actor {}; unused : ?{ #a : [Bool]; #b : Float } };
  type Part = { body : Blob; token : ?Token };
  type Callback = shared query Token -> async Part;
  type Strategy = { #Callback : { callback : Callback; token : Token } };
  type Response = { status_code : Nat16; headers : [Header]; body : Blob; upgrade : ?Bool; streaming_strategy : ?Strategy };

  /// Headers beside IC-Certificate. `certification` is what follows `certificate=:...:` in that.
  type Page = {
    status : Nat16;
    headers : [Header];
    body : Blob;
    certification : ?Text;
    /// Bytes of each part when the body is streamed.
    streamedBy : ?Nat;
    upgrade : Bool;
  };

  transient let pages = Map.empty<Text, Page>();
  var visits : Nat = 0;
  var foreign : ?Callback = null;

  public func put(key : Text, page : Page) : async () {
    pages.add(key, page);
  };

  public func certify(root : Blob) : async () {
    CertifiedData.set(root);
  };

  /// Streams go on at another canister's callback from now on.
  public func streamBy(callback : Callback) : async () {
    foreign := ?callback;
  };

  public query func http_request(request : Request) : async Response {
    // Under a part's own name, if there is one.
    let range = switch (request.headers.find(func((name, _)) = name == "range")) { case (?(_, value)) value; case null "" };
    let page = switch (pages.get(request.url # " " # range)) {
      case (?page) page;
      case null switch (pages.get(request.url)) {
        case (?page) page;
        case null switch (pages.get("*")) {
          case (?page) page;
          case null return { status_code = 404; headers = []; body = "no such page"; upgrade = null; streaming_strategy = null };
        };
      };
    };
    if (page.status == 0) Prim.trap("told to trap");
    let (body, streaming_strategy) = switch (page.streamedBy) {
      case null (page.body, null);
      case (?size) {
        let callback = switch foreign { case null next; case (?other) other };
        (cut(page.body, 0, size), ?#Callback({ callback; token = tokenAt(request.url, size) }));
      };
    };
    let certification = switch (page.certification, CertifiedData.getCertificate()) {
      case (?rest, ?certificate) [("IC-Certificate", "certificate=:" # base64(certificate) # ":, " # rest)];
      case _ [];
    };
    {
      status_code = page.status;
      headers = page.headers.concat(certification);
      body;
      upgrade = if (page.upgrade) ?true else null;
      streaming_strategy;
    };
  };

  /// Tells what it was asked.
  public func http_request_update(request : UpdateRequest) : async Response {
    visits += 1;
    let told = request.method # " " # request.url # " " # debug_show request.body # " visit " # visits.toText();
    { status_code = 201; headers = request.headers.filter(func((name, _)) = name.startsWith(#text "x-")); body = told.encodeUtf8(); upgrade = ?true; streaming_strategy = null };
  };

  public query func next(token : Token) : async Part {
    if (token.minus != -123_456_789_012_345_678_901_234_567_890 or Principal.fromActor(token.self) != Principal.fromActor(Web)) {
      Prim.trap("a token came back as another one");
    };
    switch (token.rest) {
      case (#more({ next = #more({ next = #end; tag = 2 }); tag = 1 })) {};
      case _ Prim.trap("a token came back as another one");
    };
    let ?page = pages.get(token.url) else Prim.trap("no such page");
    let ?size = page.streamedBy else Prim.trap("not streamed");
    let end = token.at + size;
    { body = cut(page.body, token.at, size); token = if (end < page.body.size()) ?tokenAt(token.url, end) else null };
  };

  public query func echo(text : Text) : async Text { text };

  func tokenAt(url : Text, at : Nat) : Token {
    {
      url;
      at;
      rest = #more({ next = #more({ next = #end; tag = 2 }); tag = 1 });
      minus = -123_456_789_012_345_678_901_234_567_890;
      self = Web;
      unused = ?#a([true, false]);
    };
  };

  func cut(body : Blob, from : Nat, size : Nat) : Blob {
    let bytes = body.toArray();
    Blob.fromArray(Array.tabulate<Nat8>(Nat.min(size, if (from < bytes.size()) bytes.size() - from else 0), func i = bytes[from + i]));
  };

  transient let letters = Iter.toArray("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".chars());

  func base64(blob : Blob) : Text {
    let bytes = blob.toArray();
    var text = "";
    var i = 0;
    while (i < bytes.size()) {
      let a = bytes[i].toNat();
      let b = if (i + 1 < bytes.size()) bytes[i + 1].toNat() else 0;
      let c = if (i + 2 < bytes.size()) bytes[i + 2].toNat() else 0;
      text #= letters[a / 4].toText() # letters[a % 4 * 16 + b / 16].toText();
      text #= if (i + 1 < bytes.size()) letters[b % 16 * 4 + c / 64].toText() else "=";
      text #= if (i + 2 < bytes.size()) letters[c % 64].toText() else "=";
      i += 3;
    };
    text;
  };
};
