/// The cycles ledger: cycles as a token of ICRC-1, 2 and 3, that come in attached to `deposit` and go out to canisters,
/// those that it has created for their owner among them.
///
/// Source: github.com/dfinity/cycles-ledger, cycles-ledger/src/main.rs and storage.rs.
import Array "mo:core/Array";
import Blob "mo:core/Blob";
import CertifiedData "mo:core/CertifiedData";
import Cycles "mo:core/Cycles";
import Error "mo:core/Error";
import List "mo:core/List";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Text "mo:core/Text";
import Time "mo:core/Time";
import Book "../shared/Book";
import Bytes "../shared/Bytes";
import HashTree "../shared/HashTree";
import Icrc "../shared/Icrc";
import Icrc3 "../shared/Icrc3";
import Management "../shared/Management";
import Settings "../shared/Settings";
import Blocks "Blocks";
import Types "Types";

persistent actor class CyclesLedger(args : Types.LedgerArgs) {
  transient let NAME = "Trillion Cycles";
  transient let SYMBOL = "TCYCLES";
  transient let DECIMALS : Nat8 = 12;
  transient let LOGO = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Ccircle cx='12' cy='12' r='11' fill='%233b5bdb'/%3E%3Cpath d='M13 4 7 13h4l-1 7 7-10h-4z' fill='%23fff'/%3E%3C/svg%3E";
  transient let FEE = 100_000_000;
  transient let MAX_U128 = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff;
  transient let MAX_MEMO_BYTES = 32;
  transient let WINDOW : Nat64 = 86_400_000_000_000;
  transient let PERMITTED_DRIFT : Nat64 = 60_000_000_000;
  transient let MAX_ALLOWANCES = 500;
  /// Memos of the blocks that the ledger makes of itself.
  transient let PENALTY_MEMO = Blob.fromArray(Array.repeat<Nat8>(255, MAX_MEMO_BYTES));
  transient let CREATION_MEMO = Blob.fromArray(Array.repeat<Nat8>(254, MAX_MEMO_BYTES));
  transient let REFUND_MEMO = Blob.fromArray(Array.repeat<Nat8>(253, MAX_MEMO_BYTES));
  transient let DENIED_OWNER = 100_001;
  transient let ZERO_AMOUNT = 100_002;
  transient let CMC : Types.Cmc = actor ("rkp4c-7iaaa-aaaaa-aaaca-cai");

  let init = switch args {
    case (#Init init) init;
    case (#Upgrade _) Runtime.trap("Cannot initialize the canister with an Upgrade argument. Please provide an Init argument.");
  };
  var maxBlocksPerRequest = init.max_blocks_per_request.toNat();
  var indexId = init.index_id;
  /// With a transaction that created a canister goes that canister.
  let book = Book.empty<?Principal>();
  let blocks = List.empty<Blocks.Block>();
  var tipHash : ?Blob = null;

  // ICRC-1.

  public query func icrc1_name() : async Text { NAME };
  public query func icrc1_symbol() : async Text { SYMBOL };
  public query func icrc1_decimals() : async Nat8 { DECIMALS };
  public query func icrc1_fee() : async Nat { FEE };
  public query func icrc1_minting_account() : async ?Icrc.Account { null };
  public query func icrc1_total_supply() : async Nat { book.supply };
  public query func icrc1_balance_of(account : Icrc.Account) : async Nat { Book.balance(book, keyOf(account)) };

  public query func icrc1_metadata() : async [(Text, Icrc.MetadataValue)] {
    let metadata = List.fromArray<(Text, Icrc.MetadataValue)>([
      ("icrc1:decimals", #Nat(DECIMALS.toNat())),
      ("icrc1:name", #Text NAME),
      ("icrc1:symbol", #Text SYMBOL),
      ("icrc1:fee", #Nat FEE),
      ("icrc1:max_memo_length", #Nat MAX_MEMO_BYTES),
      ("dfn:max_blocks_per_request", #Nat maxBlocksPerRequest),
      ("icrc1:logo", #Text LOGO),
    ]);
    switch indexId {
      case (?index) {
        metadata.add(("icrc106:index_principal", #Text(index.toText())));
        metadata.add(("dfn:index_id", #Blob(index.toBlob())));
      };
      case null {};
    };
    metadata.toArray();
  };

  public query func icrc1_supported_standards() : async [Icrc.Standard] { standards() };
  public query func icrc10_supported_standards() : async [Icrc.Standard] { standards() };

  func standards() : [Icrc.Standard] = [
    { name = "ICRC-1"; url = "https://github.com/dfinity/ICRC-1/blob/main/standards/ICRC-1/README.md" },
    { name = "ICRC-2"; url = "https://github.com/dfinity/ICRC-1/blob/main/standards/ICRC-2/README.md" },
    { name = "ICRC-3"; url = "https://github.com/dfinity/ICRC-1/blob/main/standards/ICRC-3/README.md" },
    { name = "ICRC-10"; url = "https://github.com/dfinity/ICRC/blob/main/ICRCs/ICRC-10/ICRC-10.md" },
    { name = "ICRC-103"; url = "https://github.com/dfinity/ICRC/blob/main/ICRCs/ICRC-103/ICRC-103.md" },
    { name = "ICRC-106"; url = "https://github.com/dfinity/ICRC/blob/main/ICRCs/ICRC-106/ICRC-106.md" },
  ];

  public shared ({ caller }) func icrc1_transfer(args : Icrc.TransferArg) : async Icrc.TransferResult {
    let from = { owner = caller; subaccount = args.from_subaccount };
    switch (move({ args with from }, null)) {
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
    move(args, ?{ owner = caller; subaccount = args.spender_subaccount });
  };

  type Move = { from : Icrc.Account; to : Icrc.Account; amount : Nat; fee : ?Nat; memo : ?Blob; created_at_time : ?Nat64 };

  func move(args : Move, spender : ?Icrc.Account) : Icrc.TransferFromResult {
    let { from; to; amount; fee; memo; created_at_time } = args;
    let transaction : Blocks.Transaction = { operation = #Transfer { from; to; spender; amount; fee }; created_at_time; memo };
    let at = now();
    switch (repeated(transaction, at)) { case (?{ index }) return #Err(#Duplicate { duplicate_of = index }); case null {} };
    for (account in [?from, ?to, spender].vals()) {
      switch (denied(account)) { case (?error) return #Err error; case null {} };
    };
    if (fee != null and fee != ?FEE) return #Err(#BadFee { expected_fee = FEE });
    switch (unpayable(from, spender, amount + FEE, at)) { case (?error) return #Err error; case null {} };
    switch (untimely(transaction, at)) { case (?error) return #Err error; case null {} };
    pay(from, spender, amount + FEE, at);
    Book.credit(book, keyOf(to), amount);
    #Ok(append(transaction, at));
  };

  public shared ({ caller }) func icrc2_approve(args : Icrc.ApproveArgs) : async Icrc.ApproveResult {
    let from = { owner = caller; subaccount = args.from_subaccount };
    approve({ args with from; amount = Nat.min(args.amount, MAX_U128) }, now());
  };

  type Approval = {
    from : Icrc.Account;
    spender : Icrc.Account;
    amount : Nat;
    expected_allowance : ?Nat;
    expires_at : ?Nat64;
    fee : ?Nat;
    memo : ?Blob;
    created_at_time : ?Nat64;
  };

  func approve({ from; spender; amount; expected_allowance; expires_at; fee; memo; created_at_time } : Approval, at : Nat64) : Icrc.ApproveResult {
    let transaction : Blocks.Transaction = {
      operation = #Approve { from; spender; amount; expected_allowance; expires_at; fee };
      created_at_time;
      memo;
    };
    switch (repeated(transaction, at)) { case (?{ index }) return #Err(#Duplicate { duplicate_of = index }); case null {} };
    if (from.owner == spender.owner) Runtime.trap("self approval is not allowed");
    for (account in [from, spender].vals()) {
      switch (denied(?account)) { case (?error) return #Err error; case null {} };
    };
    let current_allowance = Book.allowance(book, keyOf(from), keyOf(spender), at).amount;
    if (expected_allowance != null and expected_allowance != ?current_allowance) return #Err(#AllowanceChanged { current_allowance });
    if (fee != null and fee != ?FEE) return #Err(#BadFee { expected_fee = FEE });
    let balance = Book.balance(book, keyOf(from));
    if (balance < FEE) return #Err(#InsufficientFunds { balance });
    switch expires_at {
      case (?time) if (time <= at) return #Err(#Expired { ledger_time = at });
      case null {};
    };
    switch (untimely(transaction, at)) { case (?error) return #Err error; case null {} };
    Book.approve(book, keyOf(from), keyOf(spender), { amount; expiresAt = expires_at });
    Book.debit(book, keyOf(from), FEE);
    #Ok(append(transaction, at));
  };

  public query func icrc2_allowance({ account; spender } : Icrc.AllowanceArgs) : async Icrc.Allowance {
    let given = Book.allowance(book, keyOf(account), keyOf(spender), now());
    { allowance = given.amount; expires_at = given.expiresAt };
  };

  public shared query ({ caller }) func icrc103_get_allowances(args : Types.GetAllowancesArgs) : async {
    #Ok : Types.Allowances;
    #Err : Types.GetAllowancesError;
  } {
    let from = switch (args.from_account) { case (?account) account; case null { { owner = caller; subaccount = null } } };
    let after = switch (args.prev_spender) { case (?account) ?keyOf(account); case null null };
    let take = switch (args.take) { case (?count) Nat.min(count, MAX_ALLOWANCES); case null MAX_ALLOWANCES };
    let found = Book.allowances(book, Bytes.slice(keyOf(from), 0, OWNER_BYTES), { account = keyOf(from); after }, take, now());
    #Ok(
      found.map(
        func((account, spender, given)) = {
          from_account = accountOf(account);
          to_spender = accountOf(spender);
          allowance = given.amount;
          expires_at = given.expiresAt;
        }
      )
    );
  };

  // Cycles in and out.

  public func deposit({ to; memo } : Types.DepositArgs) : async Types.DepositResult {
    let amount = Cycles.accept<system>(Cycles.available());
    if (amount < FEE) Runtime.trap("The requested amount " # Nat.toText(amount) # " to be deposited is less than the cycles ledger fee: " # Nat.toText(FEE));
    if (amount == FEE) Runtime.trap("Cannot deposit 0 cycles (amount: " # Nat.toText(amount) # ", cycles ledger fee: " # Nat.toText(FEE) # ")");
    let block_index = mint(to, amount - FEE : Nat, FEE, memo);
    { balance = Book.balance(book, keyOf(to)); block_index };
  };

  public shared ({ caller }) func withdraw(args : Types.WithdrawArgs) : async { #Ok : Nat; #Err : Types.WithdrawError } {
    let from = { owner = caller; subaccount = args.from_subaccount };
    switch (await* send({ args with from }, null)) {
      case (#Ok index) #Ok index;
      case (#Err(#FailedToWithdrawFrom { refund_block; rejection_code; rejection_reason })) {
        #Err(#FailedToWithdraw { fee_block = refund_block; rejection_code; rejection_reason });
      };
      case (#Err(#InsufficientAllowance _)) Runtime.unreachable();
      case (#Err(#Duplicate e)) #Err(#Duplicate e);
      case (#Err(#InvalidReceiver e)) #Err(#InvalidReceiver e);
      case (#Err(#GenericError e)) #Err(#GenericError e);
      case (#Err(#TemporarilyUnavailable)) #Err(#TemporarilyUnavailable);
      case (#Err(#CreatedInFuture e)) #Err(#CreatedInFuture e);
      case (#Err(#TooOld)) #Err(#TooOld);
      case (#Err(#InsufficientFunds e)) #Err(#InsufficientFunds e);
    };
  };

  public shared ({ caller }) func withdraw_from(args : Types.WithdrawFromArgs) : async { #Ok : Nat; #Err : Types.WithdrawFromError } {
    await* send(args, ?{ owner = caller; subaccount = args.spender_subaccount });
  };

  type Withdrawal = { from : Icrc.Account; to : Principal; amount : Nat; created_at_time : ?Nat64 };

  func send({ from; to; amount; created_at_time } : Withdrawal, spender : ?Icrc.Account) : async* { #Ok : Nat; #Err : Types.WithdrawFromError } {
    if (to.isSelfAuthenticating()) return #Err(#InvalidReceiver { receiver = to });
    if (amount == 0) return #Err(#GenericError { error_code = ZERO_AMOUNT; message = "The withdraw_from 0 cycles is not possible" });
    let receiver = to.toBlob();
    // An array of one byte string, in CBOR.
    let memo = Bytes.concat([Bytes.single(0x81), Bytes.single(0x40 + Nat8.fromNat(receiver.size())), receiver]);
    let transaction : Blocks.Transaction = { operation = #Burn { from; spender; amount }; created_at_time; memo = ?memo };
    let burnt = switch (burn(transaction, from, spender, amount)) {
      case (#Ok taken) taken;
      case (#Err(#Duplicate { duplicate_of })) return #Err(#Duplicate { duplicate_of });
      case (#Err(#InsufficientAllowance e)) return #Err(#InsufficientAllowance e);
      case (#Err(#InsufficientFunds e)) return #Err(#InsufficientFunds e);
      case (#Err(#TooOld)) return #Err(#TooOld);
      case (#Err(#CreatedInFuture e)) return #Err(#CreatedInFuture e);
    };
    try {
      await (with cycles = amount) Management.IC.deposit_cycles({ canister_id = to });
      #Ok(burnt.index);
    } catch error {
      let (refund_block, approval_refund_block) = giveBack(burnt, amount, PENALTY_MEMO);
      #Err(#FailedToWithdrawFrom {
        withdraw_from_block = ?burnt.index;
        refund_block;
        approval_refund_block;
        rejection_code = rejectionCode(error);
        rejection_reason = error.message();
      });
    };
  };

  public shared ({ caller }) func create_canister(args : Types.CreateCanisterArgs) : async {
    #Ok : Types.CreateCanisterSuccess;
    #Err : Types.CreateCanisterError;
  } {
    let from = { owner = caller; subaccount = args.from_subaccount };
    switch (await* create(caller, { args with from }, null)) {
      case (#Ok created) #Ok created;
      case (#Err(#FailedToCreateFrom { create_from_block; refund_block; rejection_reason })) {
        #Err(#FailedToCreate { fee_block = create_from_block; refund_block; error = rejection_reason });
      };
      case (#Err(#InsufficientAllowance _)) Runtime.unreachable();
      case (#Err(#Duplicate e)) #Err(#Duplicate e);
      case (#Err(#GenericError e)) #Err(#GenericError e);
      case (#Err(#TemporarilyUnavailable)) #Err(#TemporarilyUnavailable);
      case (#Err(#CreatedInFuture e)) #Err(#CreatedInFuture e);
      case (#Err(#TooOld)) #Err(#TooOld);
      case (#Err(#InsufficientFunds e)) #Err(#InsufficientFunds e);
    };
  };

  public shared ({ caller }) func create_canister_from(args : Types.CreateCanisterFromArgs) : async {
    #Ok : Types.CreateCanisterSuccess;
    #Err : Types.CreateCanisterFromError;
  } {
    await* create(caller, args, ?{ owner = caller; subaccount = args.spender_subaccount });
  };

  type Creation = { from : Icrc.Account; amount : Nat; created_at_time : ?Nat64; creation_args : ?Types.CmcCreateCanisterArgs };

  func create(caller : Principal, { from; amount; created_at_time; creation_args } : Creation, spender : ?Icrc.Account) : async* {
    #Ok : Types.CreateCanisterSuccess;
    #Err : Types.CreateCanisterFromError;
  } {
    let transaction : Blocks.Transaction = { operation = #Burn { from; spender; amount }; created_at_time; memo = ?CREATION_MEMO };
    let burnt = switch (burn(transaction, from, spender, amount)) {
      case (#Ok taken) taken;
      case (#Err error) return #Err error;
    };
    // Without controllers the caller becomes the one.
    let (given, subnet_selection) : (?Settings.CanisterSettings, ?Settings.SubnetSelection) = switch creation_args {
      case (?{ settings; subnet_selection }) (settings, subnet_selection);
      case null (null, null);
    };
    let failed = func(code : Types.RejectionCode, returned : Nat, reason : Text) : Types.CreateCanisterFromError {
      let (refund_block, approval_refund_block) = giveBack(burnt, returned, REFUND_MEMO);
      #FailedToCreateFrom {
        create_from_block = ?burnt.index;
        refund_block;
        approval_refund_block;
        rejection_code = code;
        rejection_reason = reason;
      };
    };
    try {
      let settings = ?Settings.controlledBy(given, caller);
      switch (await (with cycles = amount) CMC.create_canister({ settings; subnet_selection })) {
        case (#Ok canister_id) {
          Book.note(book, identity(transaction), ?canister_id);
          #Ok { block_id = burnt.index; canister_id };
        };
        case (#Err(#Refunded { refund_amount; create_error })) #Err(failed(#CanisterError, refund_amount, create_error));
      };
    } catch error #Err(failed(rejectionCode(error), amount, error.message()));
  };

  type Burnt = { index : Nat; from : Icrc.Account; spender : ?Icrc.Account; expiresAt : ?Nat64 };

  /// Takes the amount and the fee out of the account, before they leave the ledger.
  func burn(transaction : Blocks.Transaction, from : Icrc.Account, spender : ?Icrc.Account, amount : Nat) : {
    #Ok : Burnt;
    #Err : {
      #Duplicate : { duplicate_of : Nat; canister_id : ?Principal };
      #InsufficientAllowance : { allowance : Nat };
      #InsufficientFunds : { balance : Nat };
      #TooOld;
      #CreatedInFuture : { ledger_time : Nat64 };
    };
  } {
    let at = now();
    switch (repeated(transaction, at)) {
      case (?{ index; note }) return #Err(#Duplicate { duplicate_of = index; canister_id = note });
      case null {};
    };
    switch (unpayable(from, spender, amount + FEE, at)) { case (?error) return #Err error; case null {} };
    switch (untimely(transaction, at)) { case (?error) return #Err error; case null {} };
    let expiresAt = switch spender { case (?other) Book.allowance(book, keyOf(from), keyOf(other), at).expiresAt; case null null };
    pay(from, spender, amount + FEE, at);
    #Ok { index = append(transaction, at); from; spender; expiresAt };
  };

  /// What came back of a burnt amount, less the fee of the block that says so, and the allowance less one fee more: the blocks of both.
  func giveBack({ from; spender; expiresAt } : Burnt, returned : Nat, memo : Blob) : (?Nat, ?Nat) {
    if (returned <= FEE) return (null, null);
    let amount = returned - FEE : Nat;
    let refund = mint(from, amount, 0, ?memo);
    let at = now();
    let ?other = spender else return (?refund, null);
    let isStillGood = switch expiresAt { case (?time) at < time; case null true };
    if (Icrc.equal(other, from) or amount <= FEE or not isStillGood) return (?refund, null);
    let current = Book.allowance(book, keyOf(from), keyOf(other), at);
    let approval : Approval = {
      from;
      spender = other;
      amount = Nat.min(amount - FEE + current.amount, MAX_U128);
      expected_allowance = null;
      expires_at = if (current.expiresAt != null) current.expiresAt else expiresAt;
      fee = null;
      memo = ?PENALTY_MEMO;
      created_at_time = null;
    };
    switch (approve(approval, at)) {
      case (#Ok index) (?refund, ?index);
      case (#Err error) Runtime.trap("Unable to reimburse approval: " # debug_show error);
    };
  };

  func rejectionCode(error : Error) : Types.RejectionCode = switch (error.code()) {
    case (#system_fatal) #SysFatal;
    case (#system_transient) #SysTransient;
    case (#destination_invalid) #DestinationInvalid;
    case (#canister_reject) #CanisterReject;
    case (#canister_error) #CanisterError;
    case (#call_error _) #SysTransient;
    case _ #Unknown;
  };

  // ICRC-3.

  public query func icrc3_get_blocks(ranges : Types.GetBlocksArgs) : async Types.GetBlocksResult {
    let shown = List.empty<{ id : Nat; block : Icrc3.Value }>();
    for ({ start; length } in ranges.vals()) {
      let end = Nat.min(blocks.size(), start + Nat.min(length, maxBlocksPerRequest - shown.size() : Nat));
      for (id in Nat.range(start, end)) shown.add({ id; block = Blocks.toValue(blocks.at(id)) });
    };
    { log_length = blocks.size(); blocks = shown.toArray(); archived_blocks = [] };
  };

  public query func icrc3_get_archives({ from = _ } : { from : ?Principal }) : async [{ canister_id : Principal; start : Nat; end : Nat }] {
    [];
  };

  public query func icrc3_get_tip_certificate() : async ?{ certificate : Blob; hash_tree : Blob } {
    let (?certificate, ?tree) = (CertifiedData.getCertificate(), tipTree()) else return null;
    ?{ certificate; hash_tree = HashTree.encode(tree) };
  };

  public query func icrc3_supported_block_types() : async [{ block_type : Text; url : Text }] {
    let transfers = "https://github.com/dfinity/ICRC-1/blob/main/standards/ICRC-1/README.md";
    let approvals = "https://github.com/dfinity/ICRC-1/blob/main/standards/ICRC-2/README.md";
    [
      { block_type = "1burn"; url = transfers },
      { block_type = "1mint"; url = transfers },
      { block_type = "2xfer"; url = approvals },
      { block_type = "2approve"; url = approvals },
    ];
  };

  public query func icrc106_get_index_principal() : async { #Ok : Principal; #Err : Types.GetIndexPrincipalError } {
    switch indexId { case (?index) #Ok index; case null #Err(#IndexPrincipalNotSet) };
  };

  public query func http_request({ url } : Types.HttpRequest) : async Types.HttpResponse {
    let plain = ("Content-Type", "text/plain; version=0.0.4");
    if (url != "/metrics") return { status_code = 404; headers = [plain]; body = "not found" };
    let lines = [
      ("cycles_ledger_number_of_blocks", blocks.size()),
      ("cycles_ledger_number_of_balances", book.balances.size()),
      ("cycles_ledger_number_of_approvals", book.allowances.size()),
      ("cycles_ledger_total_supply", book.supply),
      ("cycles_ledger_cycle_balance", Cycles.balance()),
    ].map(func((name, value)) = "# TYPE " # name # " gauge\n" # name # " " # Nat.toText(value) # "\n");
    { status_code = 200; headers = [plain]; body = lines.vals().join("").encodeUtf8() };
  };

  // The book.

  transient let OWNER_BYTES = 30;

  /// The owner's bytes filled up, their number, the subaccount: in the order of owners.
  func keyOf(account : Icrc.Account) : Blob {
    let owner = account.owner.toBlob();
    Bytes.concat([Bytes.padded(owner, OWNER_BYTES - 1), Bytes.single(Nat8.fromNat(owner.size())), Icrc.subaccountOf(account)]);
  };

  func accountOf(key : Blob) : Icrc.Account {
    let size = key.toArray()[OWNER_BYTES - 1].toNat();
    { owner = Principal.fromBlob(Bytes.slice(key, 0, size)); subaccount = ?Bytes.slice(key, OWNER_BYTES, key.size()) };
  };

  func denied(account : ?Icrc.Account) : ?{ #GenericError : { error_code : Nat; message : Text } } = switch account {
    case (?{ owner }) if (owner.toBlob().size() == 0) ?#GenericError {
      error_code = DENIED_OWNER;
      message = "Owner of the account " # owner.toText() # " cannot be part of transactions";
    } else null;
    case null null;
  };

  func unpayable(from : Icrc.Account, spender : ?Icrc.Account, cost : Nat, at : Nat64) : ?{
    #InsufficientFunds : { balance : Nat };
    #InsufficientAllowance : { allowance : Nat };
  } {
    let balance = Book.balance(book, keyOf(from));
    if (cost > MAX_U128) return ?#InsufficientFunds { balance };
    switch spender {
      case (?other) if (not Icrc.equal(other, from)) {
        let { amount = allowance } = Book.allowance(book, keyOf(from), keyOf(other), at);
        if (allowance < cost) return ?#InsufficientAllowance { allowance };
      };
      case null {};
    };
    if (balance < cost) ?#InsufficientFunds { balance } else null;
  };

  func pay(from : Icrc.Account, spender : ?Icrc.Account, cost : Nat, at : Nat64) {
    switch spender {
      case (?other) if (not Icrc.equal(other, from)) Book.spend(book, keyOf(from), keyOf(other), cost, at);
      case null {};
    };
    Book.debit(book, keyOf(from), cost);
  };

  func mint(to : Icrc.Account, amount : Nat, fee : Nat, memo : ?Blob) : Nat {
    let transaction : Blocks.Transaction = { operation = #Mint { to; amount; fee }; created_at_time = null; memo };
    checkMemo(memo);
    Book.credit(book, keyOf(to), amount);
    append(transaction, now());
  };

  func repeated(transaction : Blocks.Transaction, at : Nat64) : ?Book.Recent<?Principal> {
    Book.forget(book, at);
    if (transaction.created_at_time == null) null else Book.repeated(book, identity(transaction));
  };

  func identity(transaction : Blocks.Transaction) : Blob = to_candid (transaction);

  func untimely({ created_at_time; memo } : Blocks.Transaction, at : Nat64) : ?{ #TooOld; #CreatedInFuture : { ledger_time : Nat64 } } {
    checkMemo(memo);
    switch created_at_time {
      case (?time) {
        if (time > at + PERMITTED_DRIFT) ?#CreatedInFuture { ledger_time = at } else if (time + WINDOW + PERMITTED_DRIFT < at) ?#TooOld else null;
      };
      case null null;
    };
  };

  func checkMemo(memo : ?Blob) {
    switch memo {
      case (?bytes) if (bytes.size() > MAX_MEMO_BYTES) Runtime.trap("memo length exceeds the maximum of " # Nat.toText(MAX_MEMO_BYTES) # " bytes");
      case null {};
    };
  };

  func append(transaction : Blocks.Transaction, at : Nat64) : Nat {
    let index = blocks.size();
    let fee = switch (transaction.operation) {
      case (#Mint _) ?0;
      case (#Burn _) ?FEE;
      case (#Transfer { fee } or #Approve { fee }) if (fee == null) ?FEE else null;
    };
    let block : Blocks.Block = { transaction; timestamp = at; phash = tipHash; fee };
    blocks.add(block);
    tipHash := ?Icrc3.hash(Blocks.toValue(block));
    certify();
    switch (transaction.created_at_time) {
      case (?createdAt) Book.remember(
        book,
        { transaction = identity(transaction); createdAt; index; note = null },
        createdAt + WINDOW + PERMITTED_DRIFT,
      );
      case null {};
    };
    index;
  };

  func tipTree() : ?HashTree.Tree {
    let ?hash = tipHash else return null;
    ?HashTree.ofLabels([
      ("last_block_hash", HashTree.leaf(hash)),
      ("last_block_index", HashTree.leaf(Bytes.leb128(blocks.size() - 1 : Nat))),
    ]);
  };

  func certify() {
    switch (tipTree()) { case (?tree) CertifiedData.set(tree.hash); case null {} };
  };

  func now() : Nat64 = Nat64.fromIntWrap(Time.now());

  // At the first start, and after upgrades.

  if (blocks.isEmpty()) {
    switch (init.initial_balances) {
      case (?balances) for ((account, amount) in balances.vals()) ignore mint(account, amount, FEE, null);
      case null {};
    };
  };
  switch args {
    case (#Upgrade(?{ max_blocks_per_request; change_index_id })) {
      switch max_blocks_per_request { case (?count) maxBlocksPerRequest := count.toNat(); case null {} };
      switch change_index_id {
        case (?#Unset) indexId := null;
        case (?#SetTo index) indexId := ?index;
        case null {};
      };
    };
    case _ {};
  };
  certify();
};
