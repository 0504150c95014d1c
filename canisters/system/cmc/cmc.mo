/// The cycles minting canister: ICP comes in by transfers with a memo, cycles go out to canisters, old and new, and to accounts of the
/// cycles ledger.
///
/// Replica: rs/nns/cmc/src/main.rs (c7c5005).
/// Ours: cycles are not minted but paid from the balance that the canister got when the network was made, since Motoko has no
/// word for `ic0.mint_cycles128`; blocks are read by `query_blocks`, not in Protocol Buffers.
import Array "mo:core/Array";
import Blob "mo:core/Blob";
import CertifiedData "mo:core/CertifiedData";
import Cycles "mo:core/Cycles";
import Error "mo:core/Error";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Nat32 "mo:core/Nat32";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import Option "mo:core/Option";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Text "mo:core/Text";
import Bytes "../shared/Bytes";
import HashTree "../shared/HashTree";
import Icrc "../shared/Icrc";
import Management "../shared/Management";
import Settings "../shared/Settings";
import Ledger "../ledger/Types";
import Payments "Payments";
import Subnets "Subnets";
import Types "Types";

persistent actor class CyclesMinting(args : ?Types.InitArgs) = self {
  transient let ICP_FEE : Nat64 = 10_000;
  transient let CREATE_REFUND_FEE : Nat64 = 40_000;
  transient let TOP_UP_REFUND_FEE : Nat64 = 20_000;
  transient let MINT_REFUND_FEE : Nat64 = 20_000;
  /// Least cycles for a canister, and what a request costs that comes to nothing.
  transient let MIN_CREATION_CYCLES = 100_000_000_000;
  transient let BAD_REQUEST_CYCLES = 100_000_000;
  transient let CYCLES_PER_XDR = 1_000_000_000_000;
  transient let MAX_MEMO_BYTES = 32;
  /// "CREA", "TPUP" and "MINT", the last byte first.
  transient let CREATE : Nat64 = 0x41455243;
  transient let TOP_UP : Nat64 = 0x50555054;
  transient let MINT : Nat64 = 0x544e494d;
  /// Codes of `Other`.
  transient let FAILED_TO_FETCH : Nat64 = 2;
  transient let REFUND_FAILED : Nat64 = 3;
  transient let BAD_SELECTION : Nat64 = 4;
  transient let UNAUTHORIZED : Nat64 = 5;
  transient let MEMO_TOO_LONG : Nat64 = 6;

  let init = switch args {
    case (?given) given;
    case null Runtime.trap("Payload is expected to initialization the cycles minting canister.");
  };
  let ledger : Types.IcpLedger = actor (Option.get(init.ledger_canister_id, Principal.fromText("ryjl3-tyaaa-aaaaa-aaaba-cai")).toText());
  let cyclesLedger : ?Types.CyclesLedger = switch (init.cycles_ledger_canister_id) {
    case (?id) ?(actor (id.toText()) : Types.CyclesLedger);
    case null null;
  };
  let governance = Option.get(init.governance_canister_id, Principal.fromText("rrkah-fqaaa-aaaaa-aaaaq-cai"));
  let mintingAccount : ?Blob = switch (init.minting_account_id) { case (?text) Bytes.fromHex(text); case null null };
  let payments = Payments.empty(init.last_purged_notification);
  let subnets = Subnets.empty();
  /// One ICP is 100 XDR until somebody says otherwise.
  var rate : Types.Rate = { timestamp_seconds = 1_620_633_600; xdr_permyriad_per_icp = 1_000_000 };
  var minted = 0;

  // Payments in ICP.

  public func notify_top_up({ block_index; canister_id } : Types.NotifyTopUpArg) : async Types.NotifyTopUpResult {
    let paid = switch (await* payment(block_index, canister_id, TOP_UP)) { case (#Ok found) found; case (#Err error) return #Err error };
    switch (held(block_index)) {
      case (#taken) {};
      case (#Err error) return #Err error;
      case (#answered(#topUp answer)) return answer;
      case (#answered other) return #Err(Payments.usedAs(other));
    };
    let cycles = cyclesOf(paid.amount);
    let result : Types.NotifyTopUpResult = try {
      await (with cycles) Management.IC.deposit_cycles({ canister_id });
      await* settled(paid, cycles);
      #Ok cycles;
    } catch error #Err(await* refund(paid, TOP_UP_REFUND_FEE, "Depositing cycles failed with code " # code(error) # ": " # debug_show (error.message())));
    conclude(block_index, #topUp result, isRetriable(result));
    result;
  };

  public shared ({ caller }) func notify_mint_cycles(args : Types.NotifyMintCyclesArg) : async Types.NotifyMintCyclesResult {
    let { block_index; to_subaccount; deposit_memo } = args;
    Icrc.checkSubaccount(to_subaccount);
    switch deposit_memo {
      case (?memo) if (memo.size() > MAX_MEMO_BYTES) {
        let message = "Memo length " # Nat.toText(memo.size()) # " exceeds the maximum length of " # Nat.toText(MAX_MEMO_BYTES);
        return #Err(other(MEMO_TOO_LONG, message));
      };
      case null {};
    };
    let paid = switch (await* payment(block_index, caller, MINT)) { case (#Ok found) found; case (#Err error) return #Err error };
    switch (held(block_index)) {
      case (#taken) {};
      case (#Err error) return #Err error;
      case (#answered(#mint answer)) return answer;
      case (#answered other) return #Err(Payments.usedAs(other));
    };
    let cycles = cyclesOf(paid.amount);
    let result : Types.NotifyMintCyclesResult = switch cyclesLedger {
      case (?target) try {
        let deposited = await (with cycles) target.deposit({ to = { owner = caller; subaccount = to_subaccount }; memo = deposit_memo });
        await* settled(paid, cycles);
        #Ok { deposited with minted = cycles };
      } catch error #Err(await* refund(paid, MINT_REFUND_FEE, "Cycles ledger rejected deposit call with code " # code(error) # ": " # debug_show (error.message())));
      case null #Err(await* refund(paid, MINT_REFUND_FEE, "No cycles ledger canister id configured."));
    };
    conclude(block_index, #mint result, isRetriable(result));
    result;
  };

  public shared ({ caller }) func notify_create_canister(args : Types.NotifyCreateCanisterArg) : async Types.NotifyCreateCanisterResult {
    let { block_index; controller; settings } = args;
    if (caller != controller) {
      let message = caller.toText() # " is not authorized to call notify_create_canister on behalf of " # controller.toText() # ". (Do not retry, because the same result will occur.)";
      return #Err(other(UNAUTHORIZED, message));
    };
    let selection = switch (selectionOf(args)) { case (#Ok given) given; case (#Err message) return #Err(other(BAD_SELECTION, message)) };
    let paid = switch (await* payment(block_index, controller, CREATE)) { case (#Ok found) found; case (#Err error) return #Err error };
    switch (held(block_index)) {
      case (#taken) {};
      case (#Err error) return #Err error;
      case (#answered(#create answer)) return answer;
      case (#answered other) return #Err(Payments.usedAs(other));
    };
    let cycles = cyclesOf(paid.amount);
    let result : Types.NotifyCreateCanisterResult = switch (await* create(controller, cycles, selection, settings)) {
      case (#Ok canister) {
        await* settled(paid, cycles);
        #Ok canister;
      };
      case (#Err reason) #Err(await* refund(paid, CREATE_REFUND_FEE, reason));
    };
    conclude(block_index, #create result, isRetriable(result));
    result;
  };

  /// A transfer to the canister's account for one principal.
  type Paid = { from : Blob; amount : Nat64; subaccount : Blob };

  /// The payment of a block. One whose memo asks for nothing that is done here is given back.
  func payment(block : Nat64, beneficiary : Principal, memo : Nat64) : async* { #Ok : Paid; #Err : Types.NotifyError } {
    let transaction = switch (await* blockAt(block)) {
      case (#Ok found) found.transaction;
      case (#Err error) return #Err error;
    };
    let ?#Transfer { from; to; amount } = transaction.operation else {
      return #Err(#InvalidTransaction "Notification transaction must be of type Transfer");
    };
    let subaccount = subaccountFor(beneficiary);
    if (to != self_().toLedgerAccount(?subaccount)) {
      return #Err(
        #InvalidTransaction(
          "Destination account in the block (" # Bytes.toHex(to) # ") different than in the notification (" # Bytes.toHex(subaccount) # ")"
        )
      );
    };
    let paid = { from; amount = amount.e8s; subaccount };
    let found = memoOf(transaction);
    if (found == memo) return #Ok paid;
    if (found == CREATE or found == TOP_UP or found == MINT) {
      let said = memoText(found) # " in the transaction does not match the expected memo " # memoText(memo);
      return #Err(#InvalidTransaction("The memo " # said # " for the operation."));
    };
    let reason = "Memo (" # Nat64.toText(found) # ") in the incoming ICP transfer does not correspond to any of the operations that the Cycles Minting canister offers.";
    switch (held(block)) {
      case (#taken) {};
      case (#Err error) return #Err error;
      case (#answered(#refunded block_index)) return #Err(#Refunded { reason; block_index });
      case (#answered other) return #Err(Payments.usedAs(other));
    };
    let error = await* refund(paid, 0, reason);
    switch error {
      case (#Refunded { block_index }) Payments.answer(payments, block, #refunded block_index);
      case _ Payments.release(payments, block);
    };
    #Err error;
  };

  func blockAt(index : Nat64) : async* { #Ok : Ledger.Block; #Err : Types.NotifyError } {
    let range = { start = index; length = 1 : Nat64 };
    try {
      let found = await ledger.query_blocks(range);
      if (found.blocks.size() > 0) return #Ok(found.blocks[0]);
      if (found.archived_blocks.size() == 0) return #Err(#InvalidTransaction("Block " # Nat64.toText(index) # " not found"));
      switch (await found.archived_blocks[0].callback(range)) {
        case (#Ok { blocks }) if (blocks.size() > 0) #Ok(blocks[0]) else #Err(other(FAILED_TO_FETCH, "Block " # Nat64.toText(index) # " not found in archive"));
        case (#Err error) #Err(other(FAILED_TO_FETCH, "Failed to fetch block: " # debug_show error));
      };
    } catch error #Err(other(FAILED_TO_FETCH, "Failed to fetch block: " # error.message()));
  };

  /// The memo, or where that is zero the one of ICRC-1 when it has eight bytes, the lowest first.
  func memoOf({ memo; icrc1_memo } : Ledger.Transaction) : Nat64 {
    if (memo != 0) return memo;
    let ?bytes = icrc1_memo else return 0;
    if (bytes.size() != 8) return 0;
    bytes.toArray().foldRight<Nat8, Nat64>(0, func(byte, rest) = rest << 8 | byte.toNat64());
  };

  func memoText(memo : Nat64) : Text {
    let meaning = if (memo == CREATE) "CreateCanister" else if (memo == TOP_UP) "TopUp" else if (memo == MINT) "MintCycles" else "unrecognized";
    "(" # meaning # " (" # Nat64.toText(memo) # "))";
  };

  /// One byte of length, the principal, zeros.
  func subaccountFor(principal : Principal) : Blob {
    let bytes = principal.toBlob();
    Bytes.padded(Bytes.concat([Bytes.single(Nat8.fromNat(bytes.size())), bytes]), 32);
  };

  func held(block : Nat64) : { #taken; #answered : Payments.Answer; #Err : Types.NotifyError } = switch (Payments.take(payments, block)) {
    case (#taken) #taken;
    case (#tooOld first) #Err(#TransactionTooOld first);
    case (#known(#processing)) #Err(#Processing);
    case (#known(#answered answer)) #answered answer;
  };

  func conclude(block : Nat64, answer : Payments.Answer, mayBeTriedAgain : Bool) {
    if (mayBeTriedAgain) Payments.release(payments, block) else Payments.answer(payments, block, answer);
  };

  func isRetriable<T>(result : { #Ok : T; #Err : Types.NotifyError }) : Bool = switch result {
    case (#Ok _ or #Err(#Refunded _)) false;
    case _ true;
  };

  func cyclesOf(e8s : Nat64) : Nat = e8s.toNat() * rate.xdr_permyriad_per_icp.toNat() * CYCLES_PER_XDR / (100_000_000 * 10_000);

  func settled(paid : Paid, cycles : Nat) : async* () {
    minted += cycles;
    await* burn(paid, paid.amount);
  };

  /// Burns what is left of a payment. Nobody is told when that fails: the payment was used.
  func burn({ subaccount } : Paid, amount : Nat64) : async* () {
    let ?to = mintingAccount else return;
    if (amount < ICP_FEE) return;
    try {
      ignore await ledger.transfer({ memo = 0; amount = { e8s = amount }; fee = { e8s = 0 }; from_subaccount = ?subaccount; to; created_at_time = null });
    } catch _ {};
  };

  /// Gives a payment back, less the ledger's fee and one for the trouble, which is burnt.
  func refund(paid : Paid, extra : Nat64, reason : Text) : async* Types.NotifyError {
    if (paid.amount <= ICP_FEE + extra) {
      await* burn(paid, paid.amount);
      return #Refunded { reason; block_index = null };
    };
    let back : Ledger.TransferArgs = {
      memo = 0;
      amount = { e8s = paid.amount - ICP_FEE - extra };
      fee = { e8s = ICP_FEE };
      from_subaccount = ?paid.subaccount;
      to = paid.from;
      created_at_time = null;
    };
    let failed = func(why : Text) : Types.NotifyError = other(REFUND_FAILED, "Refund to " # Bytes.toHex(paid.from) # " failed: " # why);
    try {
      switch (await ledger.transfer(back)) {
        case (#Ok block) {
          await* burn(paid, extra);
          #Refunded { reason; block_index = ?block };
        };
        case (#Err error) failed(debug_show error);
      };
    } catch error failed(error.message());
  };

  func other(error_code : Nat64, error_message : Text) : Types.NotifyError = #Other { error_code; error_message };

  // Payments in cycles.

  public shared ({ caller }) func create_canister(args : Types.CreateCanisterArg) : async Types.CreateCanisterResult {
    let cycles = Cycles.available();
    if (cycles < MIN_CREATION_CYCLES) return #Err(#Refunded { refund_amount = cycles; create_error = "Insufficient cycles attached." });
    let selection = switch (selectionOf(args)) {
      case (#Ok given) given;
      case (#Err create_error) return #Err(#Refunded { refund_amount = cycles; create_error });
    };
    switch (await* create(caller, cycles, selection, args.settings)) {
      case (#Ok canister) {
        ignore Cycles.accept<system>(cycles);
        #Ok canister;
      };
      case (#Err create_error) {
        ignore Cycles.accept<system>(BAD_REQUEST_CYCLES);
        #Err(#Refunded { refund_amount = Cycles.available(); create_error });
      };
    };
  };

  func selectionOf({ subnet_type; subnet_selection } : { subnet_type : ?Text; subnet_selection : ?Settings.SubnetSelection }) : {
    #Ok : ?Settings.SubnetSelection;
    #Err : Text;
  } = switch (subnet_type, subnet_selection) {
    case (null, selection) #Ok selection;
    case (kind, null) #Ok(?#Filter { subnet_type = kind });
    case _ #Err "Cannot specify subnet_type and subnet_selection at the same time.";
  };

  /// A canister on one of the subnets that are allowed, tried in random order.
  func create(controller : Principal, cycles : Nat, selection : ?Settings.SubnetSelection, settings : ?Settings.CanisterSettings) : async* {
    #Ok : Principal;
    #Err : Text;
  } {
    let chance = try { await Management.IC.raw_rand() } catch error {
      return #Err("Getting random bytes failed with code " # code(error) # ": " # debug_show (error.message()));
    };
    let choices = switch (Subnets.choices(subnets, controller, selection)) { case (#Ok some) some; case (#Err reason) return #Err reason };
    let given = ?Settings.controlledBy(settings, controller);
    var lastError = "";
    for (subnet in shuffled(choices, chance).vals()) {
      try {
        let creator : Management.Creator = actor (subnet.toText());
        let { canister_id } = await (with cycles) creator.create_canister({ settings = given; sender_canister_version = null });
        return #Ok canister_id;
      } catch error {
        lastError := "Creating canister in subnet " # subnet.toText() # " failed with code " # code(error) # ": " # error.message();
      };
    };
    #Err lastError;
  };

  func shuffled(items : [Principal], chance : Blob) : [Principal] {
    let bytes = chance.toArray();
    let keyed = items.mapEntries<Principal, (Nat8, Principal)>(func(item, i) = (bytes[i % bytes.size()], item));
    keyed.sort(func(a, b) = Nat8.compare(a.0, b.0)).map(func((_, item)) = item);
  };

  /// A reject code as a number.
  func code(error : Error) : Text = switch (error.code()) {
    case (#system_fatal) "1";
    case (#system_transient) "2";
    case (#destination_invalid) "3";
    case (#canister_reject) "4";
    case (#canister_error) "5";
    case (#system_unknown) "6";
    case (#call_error { err_code }) "call error " # err_code.toText();
    case (#future number) number.toText();
  };

  // The rate.

  public query func get_icp_xdr_conversion_rate() : async Types.RateResponse {
    let hash_tree = HashTree.encode(rateTree());
    { data = rate; hash_tree; certificate = Option.get<Blob>(CertifiedData.getCertificate(), "") };
  };

  public shared ({ caller }) func set_icp_xdr_conversion_rate(proposed : Types.RateUpdate) : async { #Ok; #Err : Text } {
    onlyGovernance(caller, "set_icp_xdr_conversion_rate");
    if (proposed.xdr_permyriad_per_icp == 0) return #Err "Proposed conversion rate must be greater than 0";
    if (proposed.timestamp_seconds <= rate.timestamp_seconds) return #Err "Proposed conversion rate must have greater timestamp than current one";
    rate := { timestamp_seconds = proposed.timestamp_seconds; xdr_permyriad_per_icp = proposed.xdr_permyriad_per_icp };
    certify();
    #Ok;
  };

  func rateTree() : HashTree.Tree = HashTree.ofLabels([("ICP_XDR_CONVERSION_RATE", HashTree.leaf(to_candid (rate)))]);
  func certify() { CertifiedData.set(rateTree().hash) };

  // Subnets.

  public query func get_default_subnets() : async [Principal] { subnets.default };
  public query func get_subnet_types_to_subnets() : async { data : [(Text, [Principal])] } { { data = subnets.types.toArray() } };
  public query func get_principals_authorized_to_create_canisters_to_subnets() : async { data : [(Principal, [Principal])] } {
    { data = subnets.authorized.toArray() };
  };

  public shared ({ caller }) func set_authorized_subnetwork_list({ who; subnets = list } : { who : ?Principal; subnets : [Principal] }) : async () {
    onlyGovernance(caller, "set_authorized_subnetwork_list");
    switch who {
      case (?principal) if (list.size() == 0) subnets.authorized.remove(principal) else subnets.authorized.add(principal, list);
      case null subnets.default := list;
    };
  };

  public shared ({ caller }) func update_subnet_type(change : { #Add : Text; #Remove : Text }) : async () {
    onlyGovernance(caller, "update_subnet_type");
    switch change {
      case (#Add kind) {
        if (subnets.types.containsKey(kind)) Runtime.trap("Cannot add duplicate subnet type " # kind # ".");
        subnets.types.add(kind, []);
      };
      case (#Remove kind) switch (subnets.types.get(kind)) {
        case null Runtime.trap("The subnet type provided " # kind # " does not exist and cannot be removed.");
        case (?assigned) {
          if (assigned.size() > 0) Runtime.trap("The subnet type provided " # kind # " has the following assigned subnets " # debug_show assigned # " and cannot be removed.");
          subnets.types.remove(kind);
        };
      };
    };
  };

  public shared ({ caller }) func change_subnet_type_assignment(change : { #Add : Types.SubnetListWithType; #Remove : Types.SubnetListWithType }) : async () {
    onlyGovernance(caller, "change_subnet_type_assignment");
    let (#Add { subnets = list; subnet_type } or #Remove { subnets = list; subnet_type }) = change;
    let ?assigned = subnets.types.get(subnet_type) else Runtime.trap("The provided type " # subnet_type # " does not exist.");
    let rest = assigned.filter(func(one) = list.find(func(changed) = changed == one) == null);
    switch change {
      case (#Add _) {
        for (one in list.vals()) {
          if (subnets.default.find(func(open) = open == one) != null) Runtime.trap("The provided subnets " # debug_show list # " are authorized for public access and cannot be assigned a type.");
          for ((kind, ofKind) in subnets.types.entries()) {
            if (ofKind.find(func(known) = known == one) != null) Runtime.trap("Some of the provided subnets are already assigned to a type " # kind # ".");
          };
        };
        subnets.types.add(subnet_type, assigned.concat(list));
      };
      case (#Remove _) {
        if (rest.size() + list.size() != assigned.size()) Runtime.trap("The provided subnets are not assigned to a type " # subnet_type # ".");
        subnets.types.add(subnet_type, rest);
      };
    };
  };

  func onlyGovernance(caller : Principal, method : Text) {
    if (caller != governance) Runtime.trap("Only the governance canister is allowed to call " # method);
  };

  public query func get_build_metadata() : async Text { "written for Cannery" };
  public query func total_cycles_minted() : async Nat { minted };

  func self_() : Principal = Principal.fromActor(self);

  certify();
};
