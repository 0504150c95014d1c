/// The ICP ledger: `transfer` and account identifiers as they were at genesis, ICRC-1 and ICRC-2 beside them, on one book.
/// It keeps all its blocks: there are no archives.
///
/// Replica: rs/ledger_suite/icp/ledger/src/main.rs (c7c5005).
import Array "mo:core/Array";
import CertifiedData "mo:core/CertifiedData";
import InternetComputer "mo:core/InternetComputer";
import Iter "mo:core/Iter";
import List "mo:core/List";
import Nat "mo:core/Nat";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Text "mo:core/Text";
import Time "mo:core/Time";
import Book "../shared/Book";
import Bytes "../shared/Bytes";
import Icrc "../shared/Icrc";
import Sha256 "../shared/Sha256";
import AccountId "AccountId";
import Encoding "Encoding";
import Types "Types";

persistent actor class Ledger(args : Types.LedgerArgs) {
  transient let DECIMALS : Nat8 = 8;
  transient let MAX_U64 = 18_446_744_073_709_551_615;
  transient let MAX_MEMO_BYTES = 32;
  /// Nanoseconds by which a client's clock may be ahead.
  transient let PERMITTED_DRIFT : Nat64 = 60_000_000_000;
  transient let MAX_BLOCKS_PER_QUERY : Nat64 = 2_000;
  transient let MAX_BLOCKS_PER_REPLICATED_QUERY : Nat64 = 50;
  transient let MAX_ALLOWANCES = 500;

  let init = switch args {
    case (#Init init) init;
    case (#Upgrade _) Runtime.trap("Cannot initialize the canister with an Upgrade argument. Please provide an Init argument.");
  };
  let mintingAccount = AccountId.parse(init.minting_account);
  let tokenSymbol = switch (init.token_symbol) { case (?given) given; case null "ICP" };
  let tokenName = switch (init.token_name) { case (?given) given; case null "Internet Computer" };
  let fee = switch (init.transfer_fee) { case (?given) given.e8s.toNat(); case null 10_000 };
  let windowNanos : Nat64 = switch (init.transaction_window) {
    case (?{ secs; nanos }) secs * 1_000_000_000 + Nat64.fromNat32(nanos);
    case null 86_400_000_000_000;
  };
  let book = Book.empty<()>();
  let blocks = List.empty<Types.Block>();
  var tipHash : ?Blob = null;
  let icrc1MintingAccount = init.icrc1_minting_account;

  // Transfers as at genesis.

  public shared ({ caller }) func transfer(args : Types.TransferArgs) : async Types.TransferResult {
    send(caller, { args with to = AccountId.check(args.to) });
  };

  /// For tools; errors are traps.
  public shared ({ caller }) func send_dfx(args : Types.SendArgs) : async Nat64 {
    switch (send(caller, { args with to = AccountId.parse(args.to) })) {
      case (#Ok index) index;
      case (#Err error) Runtime.trap(debug_show error);
    };
  };

  func send(caller : Principal, args : Types.TransferArgs) : Types.TransferResult {
    let from = AccountId.ofAccount({ owner = caller; subaccount = args.from_subaccount });
    let { to; amount } = args;
    let at = now();
    // The caller's fee is what it expects; minting and burning are free.
    let operation : Types.Operation = if (from == mintingAccount) {
      if (args.fee.e8s != 0) Runtime.trap("Fee for minting should be zero");
      if (to == mintingAccount) Runtime.trap("It is illegal to mint to a minting_account");
      #Mint { to; amount };
    } else if (to == mintingAccount) {
      if (args.fee.e8s != 0) Runtime.trap("Fee for burning should be zero");
      let least = Nat.min(fee, Book.balance(book, from));
      if (amount.e8s.toNat() < least) Runtime.trap("Burns lower than " # e8sText(least) # " are not allowed");
      #Burn { from; amount; spender = null };
    } else {
      if (args.fee.e8s.toNat() != fee) return #Err(#BadFee { expected_fee = tokens(fee) });
      #Transfer { from; to; amount; fee = tokens(fee); spender = null };
    };
    let createdAt = switch (args.created_at_time) { case (?time) time.timestamp_nanos; case null at };
    switch (record(operation, { memo = args.memo; icrc1_memo = null; createdAt = ?createdAt }, null, at)) {
      case (#Ok index) #Ok(Nat64.fromNat(index));
      case (#Err(#InsufficientFunds { balance })) #Err(#InsufficientFunds { balance = tokens(balance) });
      case (#Err(#TooOld)) #Err(#TxTooOld { allowed_window_nanos = windowNanos });
      case (#Err(#CreatedInFuture _)) #Err(#TxCreatedInFuture);
      case (#Err(#Duplicate { duplicate_of })) #Err(#TxDuplicate { duplicate_of = Nat64.fromNat(duplicate_of) });
      case (#Err(#InsufficientAllowance _)) Runtime.unreachable();
    };
  };

  public query func account_balance({ account } : { account : Blob }) : async Types.Tokens {
    // What has another size is nobody's.
    if (account.size() != 32) tokens(0) else tokens(Book.balance(book, AccountId.check(account)));
  };

  public query func account_balance_dfx({ account } : { account : Text }) : async Types.Tokens {
    tokens(Book.balance(book, AccountId.parse(account)));
  };

  public query func account_identifier(account : Icrc.Account) : async Blob { AccountId.ofAccount(account) };
  public query func transfer_fee({}) : async { transfer_fee : Types.Tokens } { { transfer_fee = tokens(fee) } };
  public query func symbol() : async { symbol : Text } { { symbol = tokenSymbol } };
  public query func name() : async { name : Text } { { name = tokenName } };
  public query func decimals() : async { decimals : Nat32 } { { decimals = 8 } };
  public query func is_ledger_ready() : async Bool { true };

  // ICRC-1.

  public query func icrc1_name() : async Text { tokenName };
  public query func icrc1_symbol() : async Text { tokenSymbol };
  public query func icrc1_decimals() : async Nat8 { DECIMALS };
  public query func icrc1_fee() : async Nat { fee };
  public query func icrc1_total_supply() : async Nat { book.supply };
  public query func icrc1_minting_account() : async ?Icrc.Account { icrc1MintingAccount };

  public query func icrc1_metadata() : async [(Text, Icrc.MetadataValue)] {
    [
      ("icrc1:decimals", #Nat(DECIMALS.toNat())),
      ("icrc1:name", #Text tokenName),
      ("icrc1:symbol", #Text tokenSymbol),
      ("icrc1:fee", #Nat fee),
    ];
  };

  public query func icrc1_supported_standards() : async [Icrc.Standard] { standards() };
  public query func icrc10_supported_standards() : async [Icrc.Standard] { standards() };

  func standards() : [Icrc.Standard] = [
    { name = "ICRC-1"; url = "https://github.com/dfinity/ICRC-1/tree/main/standards/ICRC-1" },
    { name = "ICRC-2"; url = "https://github.com/dfinity/ICRC-1/tree/main/standards/ICRC-2" },
    { name = "ICRC-10"; url = "https://github.com/dfinity/ICRC/blob/main/ICRCs/ICRC-10/ICRC-10.md" },
  ];

  public query func icrc1_balance_of(account : Icrc.Account) : async Nat { Book.balance(book, AccountId.ofAccount(account)) };

  public shared ({ caller }) func icrc1_transfer(args : Icrc.TransferArg) : async Icrc.TransferResult {
    let from = { owner = caller; subaccount = args.from_subaccount };
    switch (icrcSend({ args with from }, null)) {
      case (#Ok index) #Ok index;
      case (#Err(#InsufficientAllowance _)) Runtime.unreachable();
      case (#Err(#BadFee e)) #Err(#BadFee e);
      case (#Err(#BadBurn e)) #Err(#BadBurn e);
      case (#Err(#InsufficientFunds e)) #Err(#InsufficientFunds e);
      case (#Err(#TooOld)) #Err(#TooOld);
      case (#Err(#CreatedInFuture e)) #Err(#CreatedInFuture e);
      case (#Err(#Duplicate e)) #Err(#Duplicate e);
      case (#Err(#TemporarilyUnavailable)) #Err(#TemporarilyUnavailable);
      case (#Err(#GenericError e)) #Err(#GenericError e);
    };
  };

  // ICRC-2.

  public shared ({ caller }) func icrc2_transfer_from(args : Icrc.TransferFromArgs) : async Icrc.TransferFromResult {
    icrcSend(args, ?AccountId.ofAccount({ owner = caller; subaccount = args.spender_subaccount }));
  };

  type Send = { from : Icrc.Account; to : Icrc.Account; amount : Nat; fee : ?Nat; memo : ?Blob; created_at_time : ?Nat64 };

  func icrcSend(args : Send, spender : ?Blob) : Icrc.TransferFromResult {
    let from = AccountId.ofAccount(args.from);
    let to = AccountId.ofAccount(args.to);
    checkMemo(args.memo);
    let balance = Book.balance(book, from);
    if (args.amount > MAX_U64) return #Err(#InsufficientFunds { balance });
    let amount = tokens(args.amount);
    let expected = if (from == mintingAccount or to == mintingAccount) 0 else fee;
    let isFeeRight = args.fee == null or args.fee == ?expected;
    let operation : Types.Operation = if (to == mintingAccount) {
      if (not isFeeRight) return #Err(#BadFee { expected_fee = 0 });
      let least = Nat.min(fee, balance);
      if (args.amount < least) return #Err(#BadBurn { min_burn_amount = least });
      if (args.amount == 0) return #Err(#BadBurn { min_burn_amount = fee });
      #Burn { from; amount; spender };
    } else if (from == mintingAccount) {
      if (spender != null) Runtime.trap("the minter account cannot delegate mints");
      if (not isFeeRight) return #Err(#BadFee { expected_fee = 0 });
      #Mint { to; amount };
    } else {
      if (not isFeeRight) return #Err(#BadFee { expected_fee = fee });
      #Transfer { from; to; amount; fee = tokens(fee); spender };
    };
    record(operation, { memo = 0; icrc1_memo = args.memo; createdAt = args.created_at_time }, spender, now());
  };

  public shared ({ caller }) func icrc2_approve(args : Icrc.ApproveArgs) : async Icrc.ApproveResult {
    if (caller == args.spender.owner) Runtime.trap("self approval is not allowed");
    approveFor(caller, args, AccountId.ofAccount(args.spender));
  };

  public shared ({ caller }) func remove_approval(args : Types.RemoveApprovalArgs) : async Icrc.ApproveResult {
    if (caller.isAnonymous()) Runtime.trap("self approval is not allowed");
    let nothing : Icrc.ApproveArgs = {
      args with
      spender = { owner = Principal.anonymous(); subaccount = null };
      amount = 0;
      expected_allowance = null;
      expires_at = null;
      memo = null;
      created_at_time = null;
    };
    approveFor(caller, nothing, AccountId.check(args.spender));
  };

  func approveFor(caller : Principal, args : Icrc.ApproveArgs, spender : Blob) : Icrc.ApproveResult {
    let from = AccountId.ofAccount({ owner = caller; subaccount = args.from_subaccount });
    if (from == mintingAccount) Runtime.trap("the minting account cannot delegate mints");
    checkMemo(args.memo);
    let at = now();
    let given = tokens(Nat.min(args.amount, MAX_U64));
    let current = Book.allowance(book, from, spender, at).amount;
    switch (args.expected_allowance) {
      case (?expected) if (expected > MAX_U64) return #Err(#AllowanceChanged { current_allowance = current });
      case null {};
    };
    if (args.fee != null and args.fee != ?fee) return #Err(#BadFee { expected_fee = fee });
    let details = { memo = 0 : Nat64; icrc1_memo = args.memo; createdAt = args.created_at_time };
    let operation : Types.Operation = #Approve {
      from;
      spender;
      allowance_e8s = given.e8s.toNat();
      allowance = given;
      fee = tokens(fee);
      expires_at = switch (args.expires_at) { case (?time) ?{ timestamp_nanos = time }; case null null };
      expected_allowance = switch (args.expected_allowance) { case (?e8s) ?tokens(e8s); case null null };
    };
    switch (untimely(operation, details, at)) { case (?error) return #Err error; case null {} };
    let balance = Book.balance(book, from);
    if (balance < fee) return #Err(#InsufficientFunds { balance });
    if (from == spender) Runtime.trap("self approval is not allowed");
    switch (args.expires_at) {
      case (?time) if (time <= at) return #Err(#Expired { ledger_time = at });
      case null {};
    };
    if (args.expected_allowance != null and args.expected_allowance != ?current) {
      return #Err(#AllowanceChanged { current_allowance = current });
    };
    Book.debit(book, from, fee);
    Book.approve(book, from, spender, { amount = given.e8s.toNat(); expiresAt = args.expires_at });
    #Ok(append(operation, { details with createdAt = at }, at, details.createdAt));
  };

  public query func icrc2_allowance({ account; spender } : Icrc.AllowanceArgs) : async Icrc.Allowance {
    let given = Book.allowance(book, AccountId.ofAccount(account), AccountId.ofAccount(spender), now());
    { allowance = given.amount; expires_at = given.expiresAt };
  };

  public query func get_allowances({ from_account_id; prev_spender_id; take } : Types.GetAllowancesArgs) : async Types.Allowances {
    let from = AccountId.parse(from_account_id);
    let after = switch prev_spender_id { case (?id) ?AccountId.parse(id); case null null };
    let most = switch take { case (?count) Nat.min(count.toNat(), MAX_ALLOWANCES); case null MAX_ALLOWANCES };
    Book.allowances(book, from, { account = from; after }, most, now()).map(
      func((_, spender, given)) = {
        from_account_id = Bytes.toHex(from);
        to_spender_id = Bytes.toHex(spender);
        allowance = tokens(given.amount);
        expires_at = given.expiresAt;
      }
    );
  };

  // Blocks.

  public query func query_blocks(range : Types.GetBlocksArgs) : async Types.QueryBlocksResponse {
    { shownRange(range) with blocks = blocksIn(range); archived_blocks = [] };
  };

  public query func query_encoded_blocks(range : Types.GetBlocksArgs) : async Types.QueryEncodedBlocksResponse {
    { shownRange(range) with blocks = blocksIn(range).map(Encoding.encode); archived_blocks = [] };
  };

  func shownRange({ start } : Types.GetBlocksArgs) : { chain_length : Nat64; certificate : ?Blob; first_block_index : Nat64 } = {
    chain_length = Nat64.fromNat(blocks.size());
    certificate = CertifiedData.getCertificate();
    first_block_index = Nat64.min(start, Nat64.fromNat(blocks.size()));
  };

  func blocksIn({ start; length } : Types.GetBlocksArgs) : [Types.Block] {
    let most = if (InternetComputer.isReplicated()) MAX_BLOCKS_PER_REPLICATED_QUERY else MAX_BLOCKS_PER_QUERY;
    let first = Nat.min(start.toNat(), blocks.size());
    blocks.sliceToArray(first, Nat.min(first + Nat64.min(length, most).toNat(), blocks.size()));
  };

  public query func tip_of_chain() : async { certification : ?Blob; tip_index : Nat64 } {
    if (blocks.isEmpty()) Runtime.trap("there is no block yet");
    { certification = CertifiedData.getCertificate(); tip_index = Nat64.fromNat(blocks.size() - 1 : Nat) };
  };

  public query func archives() : async { archives : [{ canister_id : Principal }] } { { archives = [] } };

  // The book.

  type Details = { memo : Nat64; icrc1_memo : ?Blob; createdAt : ?Nat64 };
  type Untimely = { #TooOld; #CreatedInFuture : { ledger_time : Nat64 }; #Duplicate : { duplicate_of : Nat } };
  type Refusal = Untimely or { #InsufficientFunds : { balance : Nat }; #InsufficientAllowance : { allowance : Nat } };

  /// Moves the tokens and records the block, or refuses and does nothing.
  func record(operation : Types.Operation, details : Details, spender : ?Blob, at : Nat64) : { #Ok : Nat; #Err : Refusal } {
    switch (untimely(operation, details, at)) { case (?error) return #Err error; case null {} };
    let (from, to, amount, cost) : (?Blob, ?Blob, Nat, Nat) = switch operation {
      case (#Mint { to; amount }) (null, ?to, amount.e8s.toNat(), 0);
      case (#Burn { from; amount }) (?from, null, amount.e8s.toNat(), 0);
      case (#Transfer { from; to; amount }) (?from, ?to, amount.e8s.toNat(), fee);
      case (#Approve _) Runtime.unreachable();
    };
    switch from {
      case (?payer) {
        let balance = Book.balance(book, payer);
        switch spender {
          case (?other) if (other != payer) {
            let { amount = allowance } = Book.allowance(book, payer, other, at);
            if (allowance < amount + cost) return #Err(#InsufficientAllowance { allowance });
            if (balance < amount + cost) return #Err(#InsufficientFunds { balance });
            Book.spend(book, payer, other, amount + cost, at);
          };
          case null {};
        };
        if (balance < amount + cost) return #Err(#InsufficientFunds { balance });
        Book.debit(book, payer, amount + cost);
      };
      case null {};
    };
    switch to { case (?payee) Book.credit(book, payee, amount); case null {} };
    let createdAt = switch (details.createdAt) { case (?time) time; case null at };
    #Ok(append(operation, { details with createdAt }, at, details.createdAt));
  };

  /// Why a transaction comes at the wrong time, or again. Who gives no time of creation wants no such check.
  func untimely(operation : Types.Operation, details : Details, at : Nat64) : ?Untimely {
    Book.forget(book, at);
    let ?createdAt = details.createdAt else return null;
    if (createdAt > at + PERMITTED_DRIFT) return ?#CreatedInFuture { ledger_time = at };
    if (createdAt + windowNanos < at) return ?#TooOld;
    switch (Book.repeated(book, identity(operation, details))) {
      case (?{ index }) ?#Duplicate { duplicate_of = index };
      case null null;
    };
  };

  /// What two transactions have in common that are the same.
  func identity(operation : Types.Operation, details : Details) : Blob = to_candid (operation, details);

  type Recorded = { memo : Nat64; icrc1_memo : ?Blob; createdAt : Nat64 };

  func append(operation : Types.Operation, { memo; icrc1_memo; createdAt } : Recorded, at : Nat64, toRemember : ?Nat64) : Nat {
    let index = blocks.size();
    let block : Types.Block = {
      parent_hash = tipHash;
      transaction = { memo; icrc1_memo; operation = ?operation; created_at_time = { timestamp_nanos = createdAt } };
      timestamp = { timestamp_nanos = at };
    };
    blocks.add(block);
    tipHash := ?Sha256.hash(Encoding.encode(block));
    certify();
    switch toRemember {
      case (?time) {
        let transaction = identity(operation, { memo; icrc1_memo; createdAt = ?time });
        Book.remember(book, { transaction; createdAt = time; index; note = () }, at + windowNanos + PERMITTED_DRIFT);
      };
      case null {};
    };
    index;
  };

  func certify() {
    switch tipHash { case (?hash) CertifiedData.set(hash); case null {} };
  };

  func checkMemo(memo : ?Blob) {
    switch memo {
      case (?bytes) if (bytes.size() > MAX_MEMO_BYTES) Runtime.trap("the memo field is too large");
      case null {};
    };
  };

  func now() : Nat64 = Nat64.fromIntWrap(Time.now());
  func tokens(e8s : Nat) : Types.Tokens = { e8s = Nat64.fromNat(e8s) };
  func e8sText(e8s : Nat) : Text {
    let fraction = Nat.toText(100_000_000 + e8s % 100_000_000);
    Nat.toText(e8s / 100_000_000) # "." # Text.fromIter(fraction.chars().drop(1)) # " Token";
  };

  // At the first start, and after upgrades.

  if (blocks.isEmpty()) {
    for ((account, amount) in init.initial_values.vals()) {
      let to = AccountId.parse(account);
      Book.credit(book, to, amount.e8s.toNat());
      ignore append(#Mint { to; amount }, { memo = 0; icrc1_memo = null; createdAt = now() }, now(), null);
    };
  };
  certify();
};
