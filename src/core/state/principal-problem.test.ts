import { expect, test } from "vitest";
import { principalProblem } from "./principal-problem.ts";

test.each([
  ["this-is-not-a-valid-canister-id", "Text must be in valid Base32 encoding."],
  ["rwlgt-iiaaa-aaaaa-aaaaa-ca1", "Text must be in valid Base32 encoding."],
  ["xx", "Text is too short."],
  ["", "Text is too short."],
  ["a".repeat(56), "Text is too long."],
  ["rwlgt-iiaaa-aaaaa-aaaaa-caa", "CRC32 check sequence doesn't match with calculated from Principal bytes."],
  ["rwlgtiiaaa-aaaaa-aaaaa-cai", 'Text should be separated by - (dash) every 5 characters: expected "rwlgt-iiaaa-aaaaa-aaaaa-cai"'],
])("%j [replica: principals in addresses]", (text, problem) => {
  expect(principalProblem(text)).toBe(problem);
});
