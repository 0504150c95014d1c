/// The cycles ledger's transactions and its blocks of ICRC-3.
///
/// Source: github.com/dfinity/cycles-ledger, cycles-ledger/src/storage.rs.
import Array "mo:core/Array";
import List "mo:core/List";
import Nat64 "mo:core/Nat64";
import Principal "mo:core/Principal";
import Icrc "../shared/Icrc";
import Icrc3 "../shared/Icrc3";

module {
  public type Operation = {
    #Mint : { to : Icrc.Account; amount : Nat; fee : Nat };
    #Burn : { from : Icrc.Account; spender : ?Icrc.Account; amount : Nat };
    #Transfer : { from : Icrc.Account; to : Icrc.Account; spender : ?Icrc.Account; amount : Nat; fee : ?Nat };
    #Approve : {
      from : Icrc.Account;
      spender : Icrc.Account;
      amount : Nat;
      expected_allowance : ?Nat;
      expires_at : ?Nat64;
      fee : ?Nat;
    };
  };
  public type Transaction = { operation : Operation; created_at_time : ?Nat64; memo : ?Blob };
  /// `fee` is there when the transaction does not say what was paid.
  public type Block = { transaction : Transaction; timestamp : Nat64; phash : ?Blob; fee : ?Nat };

  type Field = (Text, ?Icrc3.Value);

  public func toValue(block : Block) : Icrc3.Value = map([
    ("fee", nat(block.fee)),
    ("phash", switch (block.phash) { case (?hash) ?#Blob hash; case null null }),
    ("ts", ?#Nat(block.timestamp.toNat())),
    ("tx", ?transactionValue(block.transaction)),
  ]);

  func transactionValue({ operation; created_at_time; memo } : Transaction) : Icrc3.Value {
    let rest : [Field] = [
      ("memo", switch memo { case (?bytes) ?#Blob bytes; case null null }),
      ("ts", time(created_at_time)),
    ];
    let fields : [Field] = switch operation {
      case (#Mint { to; amount; fee }) ([("op", ?#Text "mint"), ("to", ?account(to)), ("amt", ?#Nat amount), ("fee", ?#Nat fee)]);
      case (#Burn { from; spender; amount }) ([("op", ?#Text "burn"), ("from", ?account(from)), ("spender", optional(spender)), ("amt", ?#Nat amount)]);
      case (#Transfer { from; to; spender; amount; fee }) ([
        ("op", ?#Text "xfer"),
        ("from", ?account(from)),
        ("to", ?account(to)),
        ("spender", optional(spender)),
        ("amt", ?#Nat amount),
        ("fee", nat(fee)),
      ]);
      case (#Approve { from; spender; amount; expected_allowance; expires_at; fee }) ([
        ("op", ?#Text "approve"),
        ("from", ?account(from)),
        ("spender", ?account(spender)),
        ("amt", ?#Nat amount),
        ("expected_allowance", nat(expected_allowance)),
        ("expires_at", time(expires_at)),
        ("fee", nat(fee)),
      ]);
    };
    map(fields.concat(rest));
  };

  func map(fields : [Field]) : Icrc3.Value {
    let present = List.empty<(Text, Icrc3.Value)>();
    for ((name, value) in fields.vals()) {
      switch value { case (?given) present.add((name, given)); case null {} };
    };
    #Map(present.toArray());
  };

  func account({ owner; subaccount } : Icrc.Account) : Icrc3.Value = switch subaccount {
    case (?bytes) #Array([#Blob(owner.toBlob()), #Blob bytes]);
    case null #Array([#Blob(owner.toBlob())]);
  };

  func optional(given : ?Icrc.Account) : ?Icrc3.Value = switch given { case (?present) ?account(present); case null null };
  func nat(given : ?Nat) : ?Icrc3.Value = switch given { case (?number) ?#Nat number; case null null };
  func time(given : ?Nat64) : ?Icrc3.Value = switch given { case (?nanos) ?#Nat(nanos.toNat()); case null null };
};
