/// What has become of the payments that the canister was notified of, by their blocks: so that each is used once, and whoever
/// asks again gets the first answer.
import List "mo:core/List";
import Map "mo:core/Map";
import Nat64 "mo:core/Nat64";
import Types "Types";

module {
  public type Answer = {
    #topUp : Types.NotifyTopUpResult;
    #create : Types.NotifyCreateCanisterResult;
    #mint : Types.NotifyMintCyclesResult;
    /// Given back, since its memo asks for nothing: the block of the refund.
    #refunded : ?Nat64;
  };
  public type Status = { #processing; #answered : Answer };
  public type Payments = { known : Map.Map<Nat64, Status>; var lastPurged : ?Nat64 };

  let MAX_KNOWN = 1_000_000;

  public func empty(lastPurged : ?Nat64) : Payments = { known = Map.empty(); var lastPurged };

  /// Takes hold of a payment, or says why not: what became of it, or the first block that is not too old.
  public func take(payments : Payments, block : Nat64) : { #taken; #tooOld : Nat64; #known : Status } {
    while (payments.known.size() > MAX_KNOWN) {
      let ?(oldest, _) = payments.known.minEntry() else return #taken;
      payments.known.remove(oldest);
      payments.lastPurged := ?oldest;
    };
    switch (payments.lastPurged) {
      case (?last) if (block <= last) return #tooOld(last + 1);
      case null {};
    };
    switch (payments.known.get(block)) {
      case (?status) #known status;
      case null {
        payments.known.add(block, #processing);
        #taken;
      };
    };
  };

  public func answer(payments : Payments, block : Nat64, given : Answer) {
    payments.known.add(block, #answered given);
  };

  /// Whoever paid may try again.
  public func release(payments : Payments, block : Nat64) {
    payments.known.remove(block);
  };

  /// Why a payment that was used for one thing cannot be used for another.
  public func usedAs(answer : Answer) : Types.NotifyError {
    let use = switch answer {
      case (#topUp _) "a top up request";
      case (#create _) "a create canister request";
      case (#mint _) "a mint request";
      case (#refunded _) "an automatic refund";
    };
    #InvalidTransaction("The same payment is already processed as " # use # ".");
  };
};
