/// The cycles minting canister's types.
///
/// Replica: rs/nns/cmc/cmc.did (c7c5005).
import Icrc "../shared/Icrc";
import Settings "../shared/Settings";
import Ledger "../ledger/Types";

module {
  public type ExchangeRateCanister = { #Set : Principal; #Unset };
  public type InitArgs = {
    ledger_canister_id : ?Principal;
    governance_canister_id : ?Principal;
    minting_account_id : ?Text;
    last_purged_notification : ?Nat64;
    exchange_rate_canister : ?ExchangeRateCanister;
    cycles_ledger_canister_id : ?Principal;
  };

  public type NotifyError = {
    #Refunded : { reason : Text; block_index : ?Nat64 };
    #Processing;
    #TransactionTooOld : Nat64;
    #InvalidTransaction : Text;
    #Other : { error_code : Nat64; error_message : Text };
  };
  public type NotifyTopUpArg = { block_index : Nat64; canister_id : Principal };
  public type NotifyTopUpResult = { #Ok : Nat; #Err : NotifyError };
  public type NotifyCreateCanisterArg = {
    block_index : Nat64;
    controller : Principal;
    subnet_type : ?Text;
    subnet_selection : ?Settings.SubnetSelection;
    settings : ?Settings.CanisterSettings;
  };
  public type NotifyCreateCanisterResult = { #Ok : Principal; #Err : NotifyError };
  public type NotifyMintCyclesArg = { block_index : Nat64; to_subaccount : ?Blob; deposit_memo : ?Blob };
  public type Minted = { block_index : Nat; minted : Nat; balance : Nat };
  public type NotifyMintCyclesResult = { #Ok : Minted; #Err : NotifyError };

  public type CreateCanisterArg = {
    settings : ?Settings.CanisterSettings;
    subnet_type : ?Text;
    subnet_selection : ?Settings.SubnetSelection;
  };
  public type CreateCanisterResult = {
    #Ok : Principal;
    #Err : { #Refunded : { refund_amount : Nat; create_error : Text } };
  };

  public type Rate = { timestamp_seconds : Nat64; xdr_permyriad_per_icp : Nat64 };
  public type RateResponse = { data : Rate; hash_tree : Blob; certificate : Blob };
  /// What governance proposes.
  public type RateUpdate = { data_source : Text; timestamp_seconds : Nat64; xdr_permyriad_per_icp : Nat64 };

  public type SubnetListWithType = { subnets : [Principal]; subnet_type : Text };

  /// What is asked of the ledgers.
  public type IcpLedger = actor {
    query_blocks : shared query Ledger.GetBlocksArgs -> async {
      chain_length : Nat64;
      blocks : [Ledger.Block];
      first_block_index : Nat64;
      archived_blocks : [Ledger.ArchivedBlocksRange];
    };
    transfer : Ledger.TransferArgs -> async Ledger.TransferResult;
  };
  public type CyclesLedger = actor {
    deposit : { to : Icrc.Account; memo : ?Blob } -> async { balance : Nat; block_index : Nat };
  };
};
