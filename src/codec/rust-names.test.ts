/**
 * Names as rustc 1.95 made them for a probe of ours, and names by hand, with what the Rust library that the platform uses makes of them.
 * (16,930 names of the standard library and the probe were compared with it once; these are of every kind.)
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { demangledRustName } from "./rust-names.ts";

const NEWER: readonly (readonly [string, string])[] = [
  ["_RNvCsXXId2UFtzW_5probe7use_all", "probe::use_all"],
  ["_RNCNvCsXXId2UFtzW_5probe7use_all0B3_", "probe::use_all::{closure#0}"],
  ["_RINvCsXXId2UFtzW_5probe1hAAhj2_j3_EB2_", "probe::h::<[[u8; 2]; 3]>"],
  ["_RINvCsXXId2UFtzW_5probe1hFG0_RL1_RL0_hEuEB2_", "probe::h::<for<'a, 'b> fn(&'a &'b u8)>"],
  [
    "_RINvCsXXId2UFtzW_5probe1hFG0_UK8C_unwindRL1_hQL0_SlEzEB2_",
    "probe::h::<for<'a, 'b> unsafe extern \"C-unwind\" fn(&'a u8, &'b mut [i32]) -> !>",
  ],
  [
    "_RINvCsXXId2UFtzW_5probe7genericDNtB2_2Trp1AyNtNtCsgEmfK2I1SDS_4core6marker4SendEL_EB2_",
    "probe::generic::<dyn probe::Tr<A = u64> + core::marker::Send>",
  ],
  [
    "_RINvMCsXXId2UFtzW_5probeINtB3_u9Gre_6ka8iThPeEEu9zhlen_graKj3_Kc22_Kb1_Kan5_EB3_",
    "<probe::Größe<(u8, *const str)>>::zählen::<3, '\"', true, -5>",
  ],
  [
    "_RNSNvYNCNvCsXXId2UFtzW_5probe7use_all0INtNtNtCsgEmfK2I1SDS_4core3ops8function6FnOnceTRThPeEAhj3_EE9call_once6vtableB8_",
    "<probe::use_all::{closure#0} as core::ops::function::FnOnce<(&(u8, *const str), [u8; 3])>>::call_once::{shim:vtable#0}",
  ],
  ["_RNvNvMs_NtCslNYArtu3iFV_5alloc3vecINtB6_3VecppE7set_len18precondition_checkCsXXId2UFtzW_5probe", "<alloc::vec::Vec<_, _>>::set_len::precondition_check"],
  ["_RIC0KVNtC1a1bS1xj1_s_1yj2_EE", "::<{a::b { x: 1, y: 2 }}>"],
  ["_RIC0KVNtC1a1bTj1_j2_EE", "::<{a::b(1, 2)}>"],
  ["_RIC0KARe616263_j1_EE", '::<{["abc", 1]}>'],
  ["_RIC0KTj1_EE", "::<{(1,)}>"],
  ["_RIC0Ke27_E", "::<{*\"'\"}>"],
  ["_RIC0Kca_E", "::<'\\n'>"],
  ["_RIC0Ko1ffffffffffffffffff_E", "::<0x1ffffffffffffffffff>"],
  ["_RNvC6_123foo3bar", "123foo::bar"],
  ["__RNvC1a1b", "a::b"],
  ["_RC3foo.llvm.9D1C9369@@16", "foo"],
  ["_RNvC1a1b.exit.i", "a::b.exit.i"],
]; // prettier-ignore

const OLDER: readonly (readonly [string, string])[] = [
  ["_ZN3foo17h05af221e174051e9E", "foo"],
  ["_ZN3foo17h05af221e174051e9E.exit.i.i", "foo.exit.i.i"],
  ["_ZN12test$BP$test4foobE", "test*test::foob"],
  ["_ZN28_$u7b$$u7b$closure$u7d$$u7d$E", "{{closure}}"],
  ["_ZN13_$LT$a..b$GT$1x1hE", "<a::b>::x"],
  ["_ZN7a$XX$b.E", "a$XX$b."],
  ["ZN3fooE", "foo"],
  ["_ZNE", ""],
];

test.each([...NEWER, ...OLDER])("%s", (mangled, name) => expect(demangledRustName(mangled)).toBe(name));

test("what is no Rust name stays as it is", () => {
  for (const name of ["", "R", "_R", "Run", "main", "canister_update greet", "_ZN3fooEv", "_ZN3foo", "_ZN9foo3barE", "_RNvC1a", "_RNvC1a1b!c d", "_RMC0DNtC1a1TpB_hEL_", "_RNvC1aé", "$async"])
    expect(demangledRustName(name)).toBe(name); // prettier-ignore
});

/** Pairs of pairs: each second element refers to the first. */
function doubled(times: number): string {
  const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  let name = `_RMC0${"T".repeat(times)}h`;
  for (let at = times + 3; at > 3; at--) name += at === 63 ? "B10_E" : `B${DIGITS[at - 1]}_E`;
  return name;
}

test("references that make a name exponentially long, or endlessly deep, are given up", () => {
  expect(demangledRustName(doubled(2))).toBe("<((u8, u8), (u8, u8))>");
  expect(demangledRustName(doubled(60))).toBe(doubled(60));
  const deep = `_RIC0${"R".repeat(10_000)}hE`;
  expect(demangledRustName(deep)).toBe(deep);
});

test("any text has an answer", () => {
  const letters = fc.string({ unit: fc.constantFrom(..."CNMXYIBRQPOASTFDWKLGEsuhjenvp_0123456789abc") });
  fc.assert(fc.property(fc.constantFrom("_R", "_ZN", ""), letters, (prefix, rest) => typeof demangledRustName(prefix + rest) === "string"));
});
