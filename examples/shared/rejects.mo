/// Rejects as data: what a caller learns of a call that was not answered with a reply, in a form Candid can carry.
import Error "mo:core/Error";
import Nat32 "mo:core/Nat32";

module {
  /// A reject by its code's name and with the system's own text.
  public type Failure = { code : Text; message : Text };

  public func failure(error : Error.Error) : Failure {
    { code = name(error); message = error.message() };
  };

  /// The code's name. `call_error 2` is no reject at all: the system refused to take the call
  /// (2: no free slot on the way to the callee), and Motoko throws at the call itself.
  public func name(error : Error.Error) : Text {
    switch (error.code()) {
      case (#system_fatal) "system_fatal";
      case (#system_transient) "system_transient";
      case (#system_unknown) "system_unknown";
      case (#destination_invalid) "destination_invalid";
      case (#canister_reject) "canister_reject";
      case (#canister_error) "canister_error";
      case (#future code) "future " # code.toText();
      case (#call_error { err_code }) "call_error " # err_code.toText();
    };
  };

  /// True when the system never took the call: nothing was sent, so sending again cannot do anything twice.
  public func isRefused(error : Error.Error) : Bool {
    switch (error.code()) {
      case (#call_error _) true;
      case _ false;
    };
  };
};
