/// Types of the token standards ICRC-1 and ICRC-2 as the ledgers here have them.
///
/// Source: https://github.com/dfinity/ICRC-1, standards/ICRC-1 and standards/ICRC-2.
import Blob "mo:core/Blob";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Bytes "Bytes";

module {
  public type Account = { owner : Principal; subaccount : ?Blob };
  public type MetadataValue = { #Nat : Nat; #Int : Int; #Text : Text; #Blob : Blob };
  public type Standard = { name : Text; url : Text };

  public type TransferArg = {
    from_subaccount : ?Blob;
    to : Account;
    amount : Nat;
    fee : ?Nat;
    memo : ?Blob;
    created_at_time : ?Nat64;
  };
  public type TransferError = {
    #BadFee : { expected_fee : Nat };
    #BadBurn : { min_burn_amount : Nat };
    #InsufficientFunds : { balance : Nat };
    #TooOld;
    #CreatedInFuture : { ledger_time : Nat64 };
    #Duplicate : { duplicate_of : Nat };
    #TemporarilyUnavailable;
    #GenericError : { error_code : Nat; message : Text };
  };
  public type TransferResult = { #Ok : Nat; #Err : TransferError };

  public type TransferFromArgs = {
    spender_subaccount : ?Blob;
    from : Account;
    to : Account;
    amount : Nat;
    fee : ?Nat;
    memo : ?Blob;
    created_at_time : ?Nat64;
  };
  public type TransferFromError = TransferError or { #InsufficientAllowance : { allowance : Nat } };
  public type TransferFromResult = { #Ok : Nat; #Err : TransferFromError };

  public type ApproveArgs = {
    from_subaccount : ?Blob;
    spender : Account;
    amount : Nat;
    expected_allowance : ?Nat;
    expires_at : ?Nat64;
    fee : ?Nat;
    memo : ?Blob;
    created_at_time : ?Nat64;
  };
  public type ApproveError = {
    #BadFee : { expected_fee : Nat };
    #InsufficientFunds : { balance : Nat };
    #AllowanceChanged : { current_allowance : Nat };
    #Expired : { ledger_time : Nat64 };
    #TooOld;
    #CreatedInFuture : { ledger_time : Nat64 };
    #Duplicate : { duplicate_of : Nat };
    #TemporarilyUnavailable;
    #GenericError : { error_code : Nat; message : Text };
  };
  public type ApproveResult = { #Ok : Nat; #Err : ApproveError };

  public type AllowanceArgs = { account : Account; spender : Account };
  public type Allowance = { allowance : Nat; expires_at : ?Nat64 };

  let SUBACCOUNT_BYTES = 32;

  /// The account's subaccount in full. Traps when it has another size than 32 bytes.
  public func subaccountOf(account : Account) : Blob = switch (account.subaccount) {
    case null Bytes.padded("", SUBACCOUNT_BYTES);
    case (?subaccount) {
      checkSubaccount(?subaccount);
      subaccount;
    };
  };

  public func checkSubaccount(subaccount : ?Blob) {
    switch subaccount {
      case (?bytes) if (bytes.size() != SUBACCOUNT_BYTES) Runtime.trap("a subaccount has 32 bytes, got " # debug_show (bytes.size()));
      case null {};
    };
  };

  public func equal(a : Account, b : Account) : Bool = a.owner == b.owner and subaccountOf(a) == subaccountOf(b);
};
