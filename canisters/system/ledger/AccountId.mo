/// Account identifiers: four bytes of checksum and 28 of hash; as text 64 hex digits.
///
/// Replica: rs/ledger_suite/icp/src/account_identifier.rs (c7c5005).
import Blob "mo:core/Blob";
import Nat32 "mo:core/Nat32";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Bytes "../shared/Bytes";
import Icrc "../shared/Icrc";

module {
  public func ofAccount(account : Icrc.Account) : Blob = account.owner.toLedgerAccount(?Icrc.subaccountOf(account));

  /// Traps for what is no identifier.
  public func check(id : Blob) : Blob {
    if (id.size() != 32) Runtime.trap("Invalid account identifier: it has 32 bytes, got " # debug_show (id.size()));
    if (Bytes.slice(id, 0, 4) != checksum(Bytes.slice(id, 4, 32))) Runtime.trap("Invalid account identifier: wrong checksum in " # Bytes.toHex(id));
    id;
  };

  /// With its checksum, or the hash alone. Traps for what is neither.
  public func parse(text : Text) : Blob = switch (Bytes.fromHex(text)) {
    case (?bytes) if (bytes.size() == 28) Bytes.concat([checksum(bytes), bytes]) else check(bytes);
    case null Runtime.trap("Invalid account identifier: " # text # " is not hex");
  };

  func checksum(hash : Blob) : Blob {
    let (a, b, c, d) = Nat32.explode(hash.hash()); // the CRC-32 of the bytes
    Blob.fromArray([a, b, c, d]);
  };
};
