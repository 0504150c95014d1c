/// Blocks in their canonical form, which their hashes are of and which indexers read.
///
/// Replica: rs/ledger_suite/icp/proto/ic_ledger/pb/v1/types.proto (c7c5005); Protocol Buffers, version 3.
import Blob "mo:core/Blob";
import Nat64 "mo:core/Nat64";
import Bytes "../shared/Bytes";
import Types "Types";

module {
  public func encode(block : Types.Block) : Blob = Bytes.concat([
    optional(1, block.parent_hash, func hash = bytes(1, hash)),
    message(2, timestamp(block.timestamp)),
    message(3, transaction(block.transaction)),
  ]);

  func transaction(tx : Types.Transaction) : Blob = Bytes.concat([
    switch (tx.operation) { case (?operation) transferOf(operation); case null "" },
    message(4, number(1, tx.memo)),
    message(6, timestamp(tx.created_at_time)),
    optional(7, tx.icrc1_memo, func memo = bytes(1, memo)),
  ]);

  func transferOf(operation : Types.Operation) : Blob = switch operation {
    case (#Burn { from; amount; spender }) message(
      1,
      Bytes.concat([message(1, bytes(1, from)), message(3, tokens(amount)), optional(4, spender, func id = bytes(1, id))]),
    );
    case (#Mint { to; amount }) message(2, Bytes.concat([message(2, bytes(1, to)), message(3, tokens(amount))]));
    case (#Transfer { from; to; amount; fee; spender }) message(
      3,
      Bytes.concat([
        send(from, to, amount, fee),
        optional(6, spender, func id = message(1, bytes(1, id))),
      ]),
    );
    case (#Approve { from; spender; allowance; fee; expires_at; expected_allowance }) message(
      3,
      Bytes.concat([
        send(from, spender, { e8s = 0 }, fee),
        message(
          5,
          Bytes.concat([
            message(1, tokens(allowance)),
            optional(2, expires_at, timestamp),
            optional(3, expected_allowance, tokens),
          ]),
        ),
      ]),
    );
  };

  func send(from : Blob, to : Blob, amount : Types.Tokens, fee : Types.Tokens) : Blob = Bytes.concat([
    message(1, bytes(1, from)),
    message(2, bytes(1, to)),
    message(3, tokens(amount)),
    message(4, tokens(fee)),
  ]);

  func tokens(amount : Types.Tokens) : Blob = number(1, amount.e8s);
  func timestamp(time : Types.TimeStamp) : Blob = number(1, time.timestamp_nanos);

  func optional<T>(field : Nat, value : ?T, encode : T -> Blob) : Blob = switch value {
    case (?present) message(field, encode(present));
    case null "";
  };

  /// A message inside another; present even when it is empty.
  func message(field : Nat, content : Blob) : Blob = Bytes.concat([Bytes.leb128(field * 8 + 2), Bytes.leb128(content.size()), content]);

  /// Zero and empty are what a field has that is not there.
  func number(field : Nat, value : Nat64) : Blob = if (value == 0) "" else Bytes.concat([Bytes.leb128(field * 8), Bytes.leb128(value.toNat())]);
  func bytes(field : Nat, value : Blob) : Blob = if (value.size() == 0) "" else message(field, value);
};
