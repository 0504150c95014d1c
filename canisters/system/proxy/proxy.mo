/// Calls for others: the canister's controllers have it call any method, with its own cycles and in its own name.
///
/// Source: dfinity/icp-cli, crates/icp-canister-interfaces/src/proxy.rs.
import Cycles "mo:core/Cycles";
import Error "mo:core/Error";
import InternetComputer "mo:core/InternetComputer";
import Principal "mo:core/Principal";

persistent actor class Proxy() {
  type ProxyArgs = { canister_id : Principal; method : Text; args : Blob; cycles : Nat };
  type ProxyError = {
    #InsufficientCycles : { available : Nat; required : Nat };
    #CallFailed : { reason : Text };
    #UnauthorizedUser;
  };
  type ProxyResult = { #Ok : { result : Blob }; #Err : ProxyError };

  public shared ({ caller }) func proxy({ canister_id; method; args; cycles } : ProxyArgs) : async ProxyResult {
    if (not caller.isController()) return #Err(#UnauthorizedUser);
    let available = Cycles.balance();
    if (available < cycles) return #Err(#InsufficientCycles { available; required = cycles });
    try {
      #Ok { result = await (with cycles) InternetComputer.call(canister_id, method, args) };
    } catch error #Err(#CallFailed { reason = error.message() });
  };
};
