/// A small stand-in for Internet Identity, for tests: delegations to session keys, signed by the canister. Numbers are taken on trust, where
/// the real one asks for passkeys.
///
/// Source: interface spec, "Canister signatures" and "Authentication"; the interface of github.com/dfinity/internet-identity.
import Blob "mo:core/Blob";
import CertifiedData "mo:core/CertifiedData";
import List "mo:core/List";
import Map "mo:core/Map";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Text "mo:core/Text";
import Time "mo:core/Time";
import Bytes "../shared/Bytes";
import HashTree "../shared/HashTree";
import Icrc3 "../shared/Icrc3";
import Sha256 "../shared/Sha256";

persistent actor class IdentityStandIn() = self {
  transient let MAX_LIFE : Nat64 = 30 * 86_400_000_000_000;

  type Delegation = { pubkey : Blob; expiration : Nat64; targets : ?[Principal] };
  type SignedDelegation = { delegation : Delegation; signature : Blob };

  /// Hashes of what was signed, by the hash of the seed that signed it.
  let signed = Map.empty<Blob, Map.Map<Blob, ()>>();
  transient var tree : HashTree.Tree = HashTree.empty();

  /// Signs a delegation from the user's key for a site to a session's key.
  public func prepare_delegation(number : Nat64, site : Text, session : Blob, life : ?Nat64) : async (publicKey : Blob, expiration : Nat64) {
    let expiration = Nat64.fromIntWrap(Time.now()) + (switch life { case (?nanos) Nat64.min(nanos, MAX_LIFE); case null MAX_LIFE / 720 });
    let user = seed(number, site);
    let message = messageHash(session, expiration);
    switch (signed.get(Sha256.hash(user))) {
      case (?known) known.add(message, ());
      case null signed.add(Sha256.hash(user), Map.singleton(message, ()));
    };
    tree := treeOfSigned();
    CertifiedData.set(tree.hash);
    (publicKey(user), expiration);
  };

  /// The delegation with its signature, once it is certified: after `prepare_delegation`, and by a query, since only then there is a certificate.
  public query func get_delegation(number : Nat64, site : Text, session : Blob, expiration : Nat64) : async {
    #signed_delegation : SignedDelegation;
    #no_such_delegation;
  } {
    let ?certificate = CertifiedData.getCertificate() else Runtime.trap("a delegation is got by a query");
    let path = ["sig" : Blob, Sha256.hash(seed(number, site)), messageHash(session, expiration)];
    switch (signed.get(path[1])) {
      case (?known) if (not known.containsKey(path[2])) return #no_such_delegation;
      case null return #no_such_delegation;
    };
    let out = List.empty<Nat8>();
    for (byte in ([0xd9, 0xd9, 0xf7, 0xa2] : [Nat8]).vals()) out.add(byte);
    writeText(out, "certificate");
    HashTree.writeCborBytes(out, certificate);
    writeText(out, "tree");
    HashTree.write(out, HashTree.witness(tree, HashTree.paths([path])));
    #signed_delegation { delegation = { pubkey = session; expiration; targets = null }; signature = Blob.fromArray(out.toArray()) };
  };

  public query func public_key(number : Nat64, site : Text) : async Blob { publicKey(seed(number, site)) };

  public shared ({ caller }) func whoami() : async Principal { caller };

  /// A user is another one for each site.
  func seed(number : Nat64, site : Text) : Blob = Sha256.hashAll([Bytes.fromNat64(number), site.encodeUtf8()]);

  /// DER with the object identifier of canister signatures around the canister's id and the seed.
  func publicKey(user : Blob) : Blob {
    let id = Principal.fromActor(self).toBlob();
    let key = Bytes.concat([Bytes.single(0), Bytes.single(Nat8.fromNat(id.size())), id, user]);
    let algorithm : Blob = "\30\0c\06\0a\2b\06\01\04\01\83\b8\43\01\02";
    let content = Bytes.concat([algorithm, "\03", Bytes.single(Nat8.fromNat(key.size())), key]);
    Bytes.concat(["\30", Bytes.single(Nat8.fromNat(content.size())), content]);
  };

  func messageHash(pubkey : Blob, expiration : Nat64) : Blob {
    let delegation = Icrc3.hash(#Map([("pubkey", #Blob pubkey), ("expiration", #Nat(expiration.toNat()))]));
    Sha256.hashAll(["\1aic-request-auth-delegation", delegation]);
  };

  func treeOfSigned() : HashTree.Tree {
    let users = List.empty<(Blob, HashTree.Tree)>();
    for ((user, messages) in signed.entries()) {
      let leaves = List.empty<(Blob, HashTree.Tree)>();
      for (message in messages.keys()) leaves.add((message, HashTree.leaf("")));
      users.add((user, HashTree.ofLabels(leaves.toArray())));
    };
    HashTree.labeled("sig", HashTree.ofLabels(users.toArray()));
  };

  func writeText(out : List.List<Nat8>, text : Text) {
    HashTree.writeCborHead(out, 0x60, text.size());
    out.addAll(text.encodeUtf8().vals());
  };

  // At the start, and after upgrades.

  tree := treeOfSigned();
  CertifiedData.set(tree.hash);
};
