/// The cycles ledger's own types, besides those of the token standards.
///
/// Source: github.com/dfinity/cycles-ledger, cycles-ledger/cycles-ledger.did.
import Icrc "../shared/Icrc";
import Icrc3 "../shared/Icrc3";
import Settings "../shared/Settings";

module {
  public type InitArgs = {
    max_blocks_per_request : Nat64;
    index_id : ?Principal;
    initial_balances : ?[(Icrc.Account, Nat)];
  };
  public type UpgradeArgs = {
    max_blocks_per_request : ?Nat64;
    change_index_id : ?{ #Unset; #SetTo : Principal };
  };
  public type LedgerArgs = { #Init : InitArgs; #Upgrade : ?UpgradeArgs };

  public type DepositArgs = { to : Icrc.Account; memo : ?Blob };
  public type DepositResult = { balance : Nat; block_index : Nat };

  public type RejectionCode = { #NoError; #CanisterError; #SysTransient; #DestinationInvalid; #Unknown; #SysFatal; #CanisterReject };

  public type WithdrawArgs = { amount : Nat; from_subaccount : ?Blob; to : Principal; created_at_time : ?Nat64 };
  public type WithdrawFromArgs = {
    spender_subaccount : ?Blob;
    from : Icrc.Account;
    to : Principal;
    amount : Nat;
    created_at_time : ?Nat64;
  };

  type Untimely = {
    #GenericError : { message : Text; error_code : Nat };
    #TemporarilyUnavailable;
    #CreatedInFuture : { ledger_time : Nat64 };
    #TooOld;
    #InsufficientFunds : { balance : Nat };
  };
  public type WithdrawError = Untimely or {
    #FailedToWithdraw : { fee_block : ?Nat; rejection_code : RejectionCode; rejection_reason : Text };
    #Duplicate : { duplicate_of : Nat };
    #BadFee : { expected_fee : Nat };
    #InvalidReceiver : { receiver : Principal };
  };
  public type WithdrawFromError = Untimely or {
    #FailedToWithdrawFrom : {
      withdraw_from_block : ?Nat;
      refund_block : ?Nat;
      approval_refund_block : ?Nat;
      rejection_code : RejectionCode;
      rejection_reason : Text;
    };
    #Duplicate : { duplicate_of : Nat };
    #InvalidReceiver : { receiver : Principal };
    #InsufficientAllowance : { allowance : Nat };
  };

  public type CmcCreateCanisterArgs = { settings : ?Settings.CanisterSettings; subnet_selection : ?Settings.SubnetSelection };
  public type CreateCanisterArgs = {
    from_subaccount : ?Blob;
    created_at_time : ?Nat64;
    amount : Nat;
    creation_args : ?CmcCreateCanisterArgs;
  };
  public type CreateCanisterFromArgs = {
    from : Icrc.Account;
    spender_subaccount : ?Blob;
    created_at_time : ?Nat64;
    amount : Nat;
    creation_args : ?CmcCreateCanisterArgs;
  };
  public type CreateCanisterSuccess = { block_id : Nat; canister_id : Principal };
  public type CreateCanisterError = Untimely or {
    #Duplicate : { duplicate_of : Nat; canister_id : ?Principal };
    #FailedToCreate : { fee_block : ?Nat; refund_block : ?Nat; error : Text };
  };
  public type CreateCanisterFromError = Untimely or {
    #InsufficientAllowance : { allowance : Nat };
    #Duplicate : { duplicate_of : Nat; canister_id : ?Principal };
    #FailedToCreateFrom : {
      create_from_block : ?Nat;
      refund_block : ?Nat;
      approval_refund_block : ?Nat;
      rejection_code : RejectionCode;
      rejection_reason : Text;
    };
  };

  public type GetBlocksArgs = [{ start : Nat; length : Nat }];
  public type GetBlocksResult = {
    log_length : Nat;
    blocks : [{ id : Nat; block : Icrc3.Value }];
    archived_blocks : [{
      args : GetBlocksArgs;
      callback : shared query GetBlocksArgs -> async GetBlocksResult;
    }];
  };
  public type GetAllowancesArgs = { from_account : ?Icrc.Account; prev_spender : ?Icrc.Account; take : ?Nat };
  public type Allowances = [{ from_account : Icrc.Account; to_spender : Icrc.Account; allowance : Nat; expires_at : ?Nat64 }];
  public type GetAllowancesError = {
    #AccessDenied : { reason : Text };
    #GenericError : { error_code : Nat; message : Text };
  };
  public type GetIndexPrincipalError = {
    #IndexPrincipalNotSet;
    #GenericError : { error_code : Nat; description : Text };
  };

  public type HttpRequest = { url : Text; method : Text; body : Blob; headers : [(Text, Text)] };
  public type HttpResponse = { body : Blob; headers : [(Text, Text)]; status_code : Nat16 };

  /// What the cycles minting canister is asked.
  public type Cmc = actor {
    create_canister : ({
      settings : ?Settings.CanisterSettings;
      subnet_selection : ?Settings.SubnetSelection;
    }) -> async { #Ok : Principal; #Err : { #Refunded : { refund_amount : Nat; create_error : Text } } };
  };
};
