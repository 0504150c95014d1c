/// A trip takes a seat and a room, kept by two other canisters. No transaction spans canisters: if the second step
/// fails, the first has long been committed, so it is undone by a step of its own, the compensation.
import Principal "mo:core/Principal";
import Rejects "../shared/rejects";

persistent actor Saga {
  type Inventory = actor { reserve : shared () -> async (); release : shared () -> async () };

  type Outcome = {
    #booked;
    /// Nothing is reserved: the first step failed, or the second did and the first was undone.
    #failed : Rejects.Failure;
    /// The seat could not be given back: somebody has to look at it.
    #stuck : { reason : Rejects.Failure; compensation : Rejects.Failure };
  };

  public func book(flight : Principal, hotel : Principal) : async Outcome {
    let seats = actor (flight.toText()) : Inventory;
    let rooms = actor (hotel.toText()) : Inventory;
    try { await seats.reserve() } catch (error) { return #failed(Rejects.failure(error)) };
    try {
      await rooms.reserve();
      #booked;
    } catch (reason) {
      try {
        await seats.release();
        #failed(Rejects.failure(reason));
      } catch (error) { #stuck { reason = Rejects.failure(reason); compensation = Rejects.failure(error) } };
    };
  };
};
