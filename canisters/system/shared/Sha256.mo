/// SHA-256, which `mo:core` does not have.
///
/// Source: FIPS 180-4, "Secure Hash Standard".
import Array "mo:core/Array";
import Blob "mo:core/Blob";
import Nat32 "mo:core/Nat32";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import VarArray "mo:core/VarArray";

module {
  let K : [Nat32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ];

  public func hash(data : Blob) : Blob {
    let digest = Digest();
    digest.write(data);
    digest.sum();
  };

  public func hashAll(parts : [Blob]) : Blob {
    let digest = Digest();
    for (part in parts.vals()) digest.write(part);
    digest.sum();
  };

  /// Hashes what comes in pieces.
  public class Digest() {
    var h0 : Nat32 = 0x6a09_e667;
    var h1 : Nat32 = 0xbb67_ae85;
    var h2 : Nat32 = 0x3c6e_f372;
    var h3 : Nat32 = 0xa54f_f53a;
    var h4 : Nat32 = 0x510e_527f;
    var h5 : Nat32 = 0x9b05_688c;
    var h6 : Nat32 = 0x1f83_d9ab;
    var h7 : Nat32 = 0x5be0_cd19;
    /// Words of the block that is being filled, and after them what the rounds add.
    let words = VarArray.repeat<Nat32>(0, 64);
    var word : Nat32 = 0;
    var filled = 0;
    var length : Nat64 = 0;

    public func write(data : Blob) {
      length +%= Nat64.fromNat(data.size());
      let bytes = data.vals();
      loop {
        let ?byte = bytes.next() else return;
        push(byte);
      };
    };

    public func sum() : Blob {
      let bits = length << 3;
      push(0x80);
      while (filled != 56) push(0);
      var shift : Nat64 = 64;
      while (shift > 0) {
        shift -= 8;
        push(Nat8.fromNat(Nat64.toNat((bits >> shift) & 0xff)));
      };
      let state = [h0, h1, h2, h3, h4, h5, h6, h7];
      Blob.fromArray(
        Array.tabulate<Nat8>(
          32,
          func(i) {
            let (a, b, c, d) = Nat32.explode(state[i / 4]);
            switch (i % 4) { case 0 a; case 1 b; case 2 c; case _ d };
          },
        )
      );
    };

    func push(byte : Nat8) {
      word := (word << 8) | Nat32.fromNat16(Nat8.toNat16(byte));
      filled += 1;
      if (filled % 4 == 0) words[filled / 4 - 1] := word;
      if (filled == 64) {
        compress();
        filled := 0;
      };
    };

    func compress() {
      var t = 16;
      while (t < 64) {
        let x = words[t - 15];
        let y = words[t - 2];
        let s0 = (x <>> 7) ^ (x <>> 18) ^ (x >> 3);
        let s1 = (y <>> 17) ^ (y <>> 19) ^ (y >> 10);
        words[t] := words[t - 16] +% s0 +% words[t - 7] +% s1;
        t += 1;
      };
      var a = h0;
      var b = h1;
      var c = h2;
      var d = h3;
      var e = h4;
      var f = h5;
      var g = h6;
      var h = h7;
      t := 0;
      while (t < 64) {
        let big1 = (e <>> 6) ^ (e <>> 11) ^ (e <>> 25);
        let choice = (e & f) ^ (^e & g);
        let t1 = h +% big1 +% choice +% K[t] +% words[t];
        let big0 = (a <>> 2) ^ (a <>> 13) ^ (a <>> 22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        h := g;
        g := f;
        f := e;
        e := d +% t1;
        d := c;
        c := b;
        b := a;
        a := t1 +% big0 +% majority;
        t += 1;
      };
      h0 +%= a;
      h1 +%= b;
      h2 +%= c;
      h3 +%= d;
      h4 +%= e;
      h5 +%= f;
      h6 +%= g;
      h7 +%= h;
    };
  };
};
