/// CPU work as Motoko programs do it, for `bench/`: array access, big numbers, text, an ordered map, closures.
/// `run(n)` does n portions and returns a checksum, the same on every machine.
import Array "mo:core/Array";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Nat32 "mo:core/Nat32";
import Text "mo:core/Text";
import VarArray "mo:core/VarArray";

persistent actor Kernel {
  public func run(portions : Nat) : async Nat {
    var sum = 0;
    for (portion in Nat.range(0, portions)) {
      sum := (sum * 31 + countPrimes(20_000) + countWords(portion, 400) + hash(portion, 20_000) + foldSquares(2_000)) % 1_000_000_007;
    };
    sum;
  };

  /// Sieve of Eratosthenes: array reads and writes in a tight loop.
  func countPrimes(limit : Nat) : Nat {
    let crossed = VarArray.repeat(false, limit);
    var count = 0;
    var i = 2;
    while (i < limit) {
      if (not crossed[i]) {
        count += 1;
        var multiple = i * i;
        while (multiple < limit) {
          crossed[multiple] := true;
          multiple += i;
        };
      };
      i += 1;
    };
    count;
  };

  /// Counts words in a map ordered by text: allocation, comparison of texts, tree search.
  func countWords(seed : Nat, words : Nat) : Nat {
    let counts = Map.empty<Text, Nat>();
    for (i in Nat.range(0, words)) {
      let word = "word-" # ((seed + i * i) % 97).toText();
      let count = switch (counts.get(word)) { case (?count) count; case null 0 };
      counts.add(word, count + 1);
    };
    var sum = 0;
    for ((word, count) in counts.entries()) sum += word.size() * count * count;
    sum;
  };

  /// Wrapping 32-bit arithmetic without allocation.
  func hash(seed : Nat, steps : Nat) : Nat {
    var h : Nat32 = 2_166_136_261;
    var x = Nat32.fromNat(seed % 1_000_003);
    for (_ in Nat.range(0, steps)) {
      x := x *% 1_664_525 +% 1_013_904_223;
      h := (h ^ (x >> 16)) *% 16_777_619;
    };
    h.toNat() % 1_000_003;
  };

  /// Immutable arrays and closures.
  func foldSquares(size : Nat) : Nat {
    Array.tabulate<Nat>(size, func i = i * i)
      .filter(func square = square % 3 != 0)
      .foldLeft<Nat, Nat>(0, func(sum, square) = sum + square);
  };
};
