/// The book of a ledger: balances, allowances, and the transactions of the last day by which repetitions are found.
/// Accounts are keys; what makes one is the ledger's business, as are fees and what is recorded in blocks.
import Blob "mo:core/Blob";
import List "mo:core/List";
import Map "mo:core/Map";
import Nat64 "mo:core/Nat64";
import Queue "mo:core/Queue";
import Bytes "Bytes";

module {
  /// All keys of a book have one size, so that two in a row are a key of an allowance.
  public type Key = Blob;
  public type Allowance = { amount : Nat; expiresAt : ?Nat64 };
  public type Recent<Note> = { transaction : Blob; createdAt : Nat64; index : Nat; note : Note };

  public type Book<Note> = {
    balances : Map.Map<Key, Nat>;
    allowances : Map.Map<Blob, Allowance>;
    /// By what makes two transactions the same.
    recent : Map.Map<Blob, Recent<Note>>;
    /// The same in the order in which they were recorded, with the time from which on nobody needs them.
    forgetting : Queue.Queue<(Nat64, Blob)>;
    var supply : Nat;
  };

  public func empty<Note>() : Book<Note> = {
    balances = Map.empty();
    allowances = Map.empty();
    recent = Map.empty();
    forgetting = Queue.empty();
    var supply = 0;
  };

  public func balance<Note>(book : Book<Note>, account : Key) : Nat = switch (book.balances.get(account)) {
    case (?amount) amount;
    case null 0;
  };

  public func credit<Note>(book : Book<Note>, account : Key, amount : Nat) {
    if (amount == 0) return;
    book.balances.add(account, balance(book, account) + amount);
    book.supply += amount;
  };

  /// The balance must be there.
  public func debit<Note>(book : Book<Note>, account : Key, amount : Nat) {
    let rest = balance(book, account) - amount : Nat;
    if (rest == 0) book.balances.remove(account) else book.balances.add(account, rest);
    book.supply -= amount;
  };

  public let NO_ALLOWANCE : Allowance = { amount = 0; expiresAt = null };

  /// What the spender may still spend now.
  public func allowance<Note>(book : Book<Note>, from : Key, spender : Key, now : Nat64) : Allowance {
    switch (book.allowances.get(pair(from, spender))) {
      case (?found) if (isExpired(found, now)) NO_ALLOWANCE else found;
      case null NO_ALLOWANCE;
    };
  };

  public func isExpired(allowance : Allowance, now : Nat64) : Bool = switch (allowance.expiresAt) {
    case (?time) time <= now;
    case null false;
  };

  public func approve<Note>(book : Book<Note>, from : Key, spender : Key, given : Allowance) {
    let key = pair(from, spender);
    if (given.amount == 0) book.allowances.remove(key) else book.allowances.add(key, given);
  };

  /// The allowance must be there.
  public func spend<Note>(book : Book<Note>, from : Key, spender : Key, amount : Nat, now : Nat64) {
    let given = allowance(book, from, spender, now);
    approve(book, from, spender, { given with amount = given.amount - amount : Nat });
  };

  /// Allowances that are still good of the accounts whose keys begin with `prefix`, from one account on and there after one
  /// spender if given; at most `take`. Each with the account and the spender.
  public func allowances<Note>(
    book : Book<Note>,
    prefix : Blob,
    from : { account : Key; after : ?Key },
    take : Nat,
    now : Nat64,
  ) : [(Key, Key, Allowance)] {
    let size = from.account.size();
    let (start, seen) : (Blob, ?Blob) = switch (from.after) {
      case (?spender) (pair(from.account, spender), ?pair(from.account, spender));
      case null (from.account, null);
    };
    let found = List.empty<(Key, Key, Allowance)>();
    label listing for ((key, given) in book.allowances.entriesFrom(start)) {
      if (found.size() >= take or Bytes.slice(key, 0, prefix.size()) != prefix) break listing;
      if (not isExpired(given, now) and ?key != seen) found.add((Bytes.slice(key, 0, size), Bytes.slice(key, size, 2 * size), given));
    };
    found.toArray();
  };

  public func repeated<Note>(book : Book<Note>, transaction : Blob) : ?Recent<Note> = book.recent.get(transaction);

  /// Remembers a transaction until `until`.
  public func remember<Note>(book : Book<Note>, entry : Recent<Note>, until : Nat64) {
    book.recent.add(entry.transaction, entry);
    book.forgetting.pushBack((until, entry.transaction));
  };

  public func note<Note>(book : Book<Note>, transaction : Blob, note : Note) {
    switch (book.recent.get(transaction)) {
      case (?entry) book.recent.add(transaction, { entry with note });
      case null {};
    };
  };

  public func forget<Note>(book : Book<Note>, now : Nat64) {
    loop {
      switch (book.forgetting.peekFront()) {
        case (?(until, transaction)) {
          if (until >= now) return;
          ignore book.forgetting.popFront();
          book.recent.remove(transaction);
        };
        case null return;
      };
    };
  };

  func pair(from : Key, spender : Key) : Blob = Bytes.concat([from, spender]);
};
