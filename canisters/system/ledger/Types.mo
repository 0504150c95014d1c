/// The ICP ledger's own types, besides those of the token standards: it is older than they are, and keeps accounts by
/// identifiers of 32 bytes.
///
/// Replica: rs/ledger_suite/icp/ledger.did (c7c5005).
import Icrc "../shared/Icrc";

module {
  public type AccountIdentifier = Blob;
  public type Tokens = { e8s : Nat64 };
  public type TimeStamp = { timestamp_nanos : Nat64 };

  public type Operation = {
    #Mint : { to : AccountIdentifier; amount : Tokens };
    #Burn : { from : AccountIdentifier; spender : ?AccountIdentifier; amount : Tokens };
    #Transfer : { from : AccountIdentifier; to : AccountIdentifier; amount : Tokens; fee : Tokens; spender : ?Blob };
    #Approve : {
      from : AccountIdentifier;
      spender : AccountIdentifier;
      allowance_e8s : Int;
      allowance : Tokens;
      fee : Tokens;
      expires_at : ?TimeStamp;
      expected_allowance : ?Tokens;
    };
  };
  public type Transaction = { memo : Nat64; icrc1_memo : ?Blob; operation : ?Operation; created_at_time : TimeStamp };
  public type Block = { parent_hash : ?Blob; transaction : Transaction; timestamp : TimeStamp };

  public type TransferArgs = {
    memo : Nat64;
    amount : Tokens;
    fee : Tokens;
    from_subaccount : ?Blob;
    to : AccountIdentifier;
    created_at_time : ?TimeStamp;
  };
  public type TransferError = {
    #BadFee : { expected_fee : Tokens };
    #InsufficientFunds : { balance : Tokens };
    #TxTooOld : { allowed_window_nanos : Nat64 };
    #TxCreatedInFuture;
    #TxDuplicate : { duplicate_of : Nat64 };
  };
  public type TransferResult = { #Ok : Nat64; #Err : TransferError };
  /// For tools: accounts are texts of 64 hex digits.
  public type SendArgs = {
    memo : Nat64;
    amount : Tokens;
    fee : Tokens;
    from_subaccount : ?Blob;
    to : Text;
    created_at_time : ?TimeStamp;
  };

  public type GetBlocksArgs = { start : Nat64; length : Nat64 };
  public type QueryArchiveError = {
    #BadFirstBlockIndex : { requested_index : Nat64; first_valid_index : Nat64 };
    #Other : { error_code : Nat64; error_message : Text };
  };
  public type ArchivedBlocksRange = {
    start : Nat64;
    length : Nat64;
    callback : shared query GetBlocksArgs -> async { #Ok : { blocks : [Block] }; #Err : QueryArchiveError };
  };
  public type QueryBlocksResponse = {
    chain_length : Nat64;
    certificate : ?Blob;
    blocks : [Block];
    first_block_index : Nat64;
    archived_blocks : [ArchivedBlocksRange];
  };
  public type ArchivedEncodedBlocksRange = {
    start : Nat64;
    length : Nat64;
    callback : shared query GetBlocksArgs -> async { #Ok : [Blob]; #Err : QueryArchiveError };
  };
  public type QueryEncodedBlocksResponse = {
    chain_length : Nat64;
    certificate : ?Blob;
    blocks : [Blob];
    first_block_index : Nat64;
    archived_blocks : [ArchivedEncodedBlocksRange];
  };

  public type GetAllowancesArgs = { from_account_id : Text; prev_spender_id : ?Text; take : ?Nat64 };
  public type Allowances = [{ from_account_id : Text; to_spender_id : Text; allowance : Tokens; expires_at : ?Nat64 }];
  public type RemoveApprovalArgs = { from_subaccount : ?Blob; spender : AccountIdentifier; fee : ?Nat };

  public type Duration = { secs : Nat64; nanos : Nat32 };
  public type FeatureFlags = { icrc2 : Bool };
  public type ArchiveOptions = {
    trigger_threshold : Nat64;
    num_blocks_to_archive : Nat64;
    node_max_memory_size_bytes : ?Nat64;
    max_message_size_bytes : ?Nat64;
    controller_id : Principal;
    more_controller_ids : ?[Principal];
    cycles_for_archive_creation : ?Nat64;
    max_transactions_per_response : ?Nat64;
  };
  public type InitArgs = {
    minting_account : Text;
    icrc1_minting_account : ?Icrc.Account;
    initial_values : [(Text, Tokens)];
    max_message_size_bytes : ?Nat64;
    transaction_window : ?Duration;
    archive_options : ?ArchiveOptions;
    send_whitelist : [Principal];
    transfer_fee : ?Tokens;
    token_symbol : ?Text;
    token_name : ?Text;
    feature_flags : ?FeatureFlags;
  };
  public type ChangeArchiveOptions = {
    trigger_threshold : ?Nat64;
    num_blocks_to_archive : ?Nat64;
    node_max_memory_size_bytes : ?Nat64;
    max_message_size_bytes : ?Nat64;
    controller_id : ?Principal;
    more_controller_ids : ?[Principal];
    cycles_for_archive_creation : ?Nat64;
    max_transactions_per_response : ?Nat64;
  };
  public type UpgradeArgs = {
    icrc1_minting_account : ?Icrc.Account;
    feature_flags : ?FeatureFlags;
    change_archive_options : ?ChangeArchiveOptions;
  };
  public type LedgerArgs = { #Init : InitArgs; #Upgrade : ?UpgradeArgs };
};
