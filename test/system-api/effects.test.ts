/**
 * What the System API does to a canister in a network, by the universal canister (`test/universal`) with pointers of 32 and of 64 bits: what
 * stays, what a trap takes back, and what the next execution finds.
 */
import { Principal } from "@icp-sdk/core/principal";
import { IDL } from "@icp-sdk/core/candid";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { ALICE, decodeText, said, Scenario, subnets } from "../support/scenario.ts";
import { HEAP } from "../universal/operations.ts";
import { universalCanister } from "../universal/module.ts";
import * as does from "../universal/program.ts";
import { append, call, evaluate, heapWrite, program, reply, send, trap, type Program, type Value } from "../universal/program.ts";

const CYCLES_MINTING = "rkp4c-7iaaa-aaaaa-aaaca-cai";

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

/** Of an update that answers with one value. */
function int(s: Scenario, id: CanisterId, value: Value, before: Program = does.NOTHING): bigint {
  const end = s.call(id, "run", program(before, reply(value)));
  if (end.kind !== "replied") throw new Error(said(end));
  return littleEndian(end.data);
}

/** Without the canister's name and without help. */
function reason(text: string): string {
  return text.replace(/Error from Canister [^:]*: /, "").replace(/\.?\n[^]*$/, "");
}

/** Everything that a message may change, besides cycles, log and version. */
function content(s: Scenario, id: CanisterId): unknown {
  const { execution, certifiedData, globalTimerNanos } = s.canister(id);
  const { heap, stable, globals } = execution!;
  const digests = [heap, stable].map((memory) => [memory.wasmPages, toHex(memory.digest(nodePlatform.sha256))]);
  return [digests, toHex(globals), toHex(certifiedData), globalTimerNanos];
}

/** Changes one thing of each kind. */
const CHANGES = program(
  heapWrite(HEAP.free, "changed"),
  does.growStable(1),
  does.stableWrite(5, "changed"),
  does.certify("changed"),
  does.setTimer(2n ** 62n),
);

describe.each([32, 64] as const)("in wasm%i", (bits) => {
  describe("effects by kind of execution", () => {
    test("an update keeps everything, a failing one nothing [canister-interface#entry-points]", () => {
      const s = new Scenario();
      const [id, other] = [s.puppet({ bits }), s.puppet({ bits })];
      const before = content(s, id);
      const calls = call(other, { arg: does.note("called") });
      const failing: readonly (readonly [Program, string])[] = [
        [trap("no"), "IC0503: Canister called `ic0.trap` with message: 'no'"],
        [does.unreachable, "IC0502: Canister trapped: unreachable"],
        [program(send, send), "IC0504: Canister violated contract: ic0.msg_reply: the call is already replied"],
        [program(send, append("x")), "IC0504: Canister violated contract: ic0.msg_reply_data_append: the call is already replied."],
        [program(send, does.reject("x")), "IC0504: Canister violated contract: ic0.msg_reject: the call is already replied"],
        [does.reject(Uint8Array.of(0xff)), "IC0504: Canister violated contract: ic0.msg_reject: invalid UTF-8 string provided"],
        [evaluate(does.stableRead(65_536 * 9, 1)), "IC0502: Canister trapped: stable memory out of bounds"],
        [does.certify("x".repeat(33)), "IC0504: Canister violated contract: ic0_certified_data_set failed because the passed data must be no larger than 32 bytes. Found 33 bytes."],
        [evaluate(does.isController("x".repeat(30))), "IC0504: Canister provided invalid principal id"],
        [evaluate(does.performanceCounter(2)), "IC0504: Canister violated contract: Error getting performance counter type 2"],
        [evaluate(does.rejectMessage), 'IC0504: Canister violated contract: "ic0_msg_reject_msg_size" cannot be executed in update mode'],
        [evaluate(does.refunded), 'IC0504: Canister violated contract: "ic0_msg_cycles_refunded128" cannot be executed in update mode'],
        [evaluate(does.dataCertificate), 'IC0504: Canister violated contract: "ic0_data_certificate_size" cannot be executed in update mode'],
        [does.acceptMessage, 'IC0504: Canister violated contract: "ic0_accept_message" cannot be executed in update mode'],
        [evaluate(does.variableName(0)), "IC0504: Environment variable index 0 is out of bounds. The number of environment variables is 0."],
        [evaluate(does.variable("X")), "IC0504: Environment variable X not found."],
        [evaluate(does.variable("x".repeat(101))), "IC0504: Canister violated contract: ic0.env_var_value_size: Variable name is too large."],
        [evaluate(does.variableExists(Uint8Array.of(0xff))), "IC0504: Canister violated contract: ic0.env_var_name_exists: Variable name is not a valid UTF-8 string."],
        [evaluate(does.minted(1)), `IC0504: Canister violated contract: ic0.mint_cycles128 cannot be executed on non Cycles Minting Canister: ${Principal.fromHex(id).toText()} != ${CYCLES_MINTING}`],
        [call(other, { cycles: 10n ** 30n }), `IC0504: Canister ${Principal.fromHex(id).toText()} is out of cycles`],
        [call("00".repeat(30) as PrincipalId), "IC0504: Canister provided invalid principal id"],
        [call(other, { method: "m".repeat(20_001) }), "IC0504: Canister violated contract: Size of method_name 20001 exceeds the allowed limit of 20000."],
        [does.program(does.appendZeros(2_097_153)), "IC0504: Canister violated contract: ic0.msg_reply_data_append: application payload size (2097153) cannot be larger than 2097152."],
      ]; // prettier-ignore
      for (const [what, text] of failing) {
        expect(reason(s.run(id, program(CHANGES, calls, what)))).toBe(text);
        expect([text, content(s, id)]).toEqual([text, before]);
      }
      expect(s.journal(other), "no call went out").toBe("");
      expect(s.run(id, program(CHANGES, reply("done")))).toBe("done");
      expect(content(s, id)).not.toEqual(before);
      expect(s.run(id, reply(does.heapRead(HEAP.free, 7), does.stableRead(5, 7)))).toBe("changedchanged");
      expect(decodeText(s.canister(id).certifiedData)).toBe("changed");
      expect(s.canister(id).globalTimerNanos).toBe(2n ** 62n);
    });

    test("a query called as an update keeps its cycles, its log and the version, and no memory [canister-interface#entry-points]", () => {
      const s = new Scenario();
      const id = s.puppet({ bits });
      const before = content(s, id);
      const { version } = s.canister(id);
      const what = program(
        heapWrite(HEAP.free, "changed"),
        does.growStable(1),
        does.stableWrite(5, "changed"),
        does.print("said"),
        reply(does.burnt(1_000_000_000_000n)),
      );
      const end = s.call(id, "look", what);
      expect(end.kind === "replied" && littleEndian(end.data)).toBe(1_000_000_000_000n);
      expect(content(s, id)).toEqual(before);
      const after = s.canister(id);
      expect([after.version, after.log.records.length]).toEqual([version + 1, 1]);
      expect(after.balanceCycles).toBeLessThan(100_000_000_000_000n - 1_000_000_000_000n);
    });

    test("a query of a user leaves nothing at all [canister-interface#entry-points]", () => {
      const s = new Scenario();
      const id = s.puppet({ bits });
      const before = s.net.digest();
      expect(
        s.look(id, program(heapWrite(HEAP.free, "changed"), does.growStable(1), does.print("x"), reply(does.heapRead(HEAP.free, 7)))),
      ).toBe("changed");
      expect(reason(s.look(id, program(heapWrite(HEAP.free, "changed"), trap("no"))))).toContain(
        "Canister called `ic0.trap` with message: 'no'",
      );
      for (const [what, name] of [
        [does.certify("x"), "certified_data_set"],
        [does.setTimer(1), "global_timer_set"],
        [does.burn(1n), "cycles_burn128"],
        [evaluate(does.rootKey), "root_key_size"],
        [evaluate(does.accepted(1)), "msg_cycles_accept128"],
        [call(id), "call_new"],
      ] as const)
        // prettier-ignore
        expect(s.look(id, what)).toContain(`"ic0_${name}" cannot be executed in non replicated query mode`);
      expect(s.net.digest()).toBe(before);
    });
  });

  test("the root key is the root subnet's, also elsewhere [canister-interface#system-api-certified-data]", () => {
    const s = new Scenario({ subnets: [{ kind: "system", name: "nns" }, ...subnets(1).subnets] });
    const root = s.net.state.subnets.get(s.net.state.rootSubnetId)!.config.publicKeyDer;
    for (const subnet of [0, 1]) {
      const end = s.call(s.puppet({ bits, subnet }), "run", reply(does.rootKey));
      expect(end.kind === "replied" && toHex(end.data)).toBe(toHex(root));
    }
    expect(root.length).toBe(133);
  });

  test("the timer: what it was set to, what a trap and an upgrade do to it [canister-interface#global-timer]", () => {
    const s = new Scenario();
    const id = s.puppet({ bits, hooks: ["global_timer"] });
    s.run(id, program(does.setHook("global_timer", does.note("T")), send));
    expect(int(s, id, does.timerWas(2n ** 63n))).toBe(0n);
    expect(int(s, id, does.timerWas(2n ** 64n - 1n))).toBe(2n ** 63n);
    s.run(id, program(does.setTimer(1), trap()));
    expect(int(s, id, does.timerWas(0))).toBe(2n ** 64n - 1n);
    s.rounds(3);
    expect(s.journal(id)).toBe("");
    expect(int(s, id, does.timerWas(1))).toBe(0n);
    s.rounds(2);
    expect(s.journal(id), "a time that is past is now, and once").toBe("T");
    expect(int(s, id, does.timerWas(2n ** 63n)), "it ran, so it is off").toBe(0n);
    s.reinstall(id, "upgrade", universalCanister(["global_timer"], bits));
    expect(int(s, id, does.timerWas(0)), "an upgrade switches it off").toBe(0n);
    s.reinstall(id, "upgrade", universalCanister(["global_timer"], bits), does.setTimer(2n ** 62n));
    expect(int(s, id, does.timerWas(0)), "post_upgrade may set it").toBe(2n ** 62n);
  });

  test("certified data: the last that was committed, kept by an upgrade, forgotten by a reinstallation [canister-interface#system-api-certified-data]", () => {
    const s = new Scenario();
    const id = s.puppet({ bits });
    const certified = (): string => decodeText(s.canister(id).certifiedData);
    expect(certified()).toBe("");
    s.run(id, program(does.certify("first"), does.certify("second"), send));
    s.run(id, program(does.certify("third"), trap()));
    expect(certified()).toBe("second");
    s.reinstall(id, "upgrade", universalCanister([], bits));
    expect(certified()).toBe("second");
    s.reinstall(id, "upgrade", universalCanister([], bits), does.certify("x".repeat(32)));
    expect(certified()).toBe("x".repeat(32));
    s.run(id, program(does.certify(""), send));
    expect(certified()).toBe("");
    s.run(id, program(call(id, { arg: send, onReply: program(does.certify("callback"), send) })));
    expect(certified()).toBe("callback");
    s.reinstall(id, "reinstall", universalCanister([], bits));
    expect(certified()).toBe("");
  });

  test("the status: running, stopping, stopped [canister-interface#system-api-canister-status]", () => {
    const s = new Scenario(subnets(2));
    const [id, slow] = [s.puppet({ bits }), s.puppet({ subnet: 1 })];
    expect(int(s, id, does.status)).toBe(1n);
    const waiting = s.start(id, call(slow, { arg: send, onReply: reply(does.status) }));
    s.rounds();
    s.ask("stop_canister", id);
    const end = s.await(waiting);
    expect(end.kind === "replied" && littleEndian(end.data)).toBe(2n);
    s.rounds(2);
    s.reinstall(id, "upgrade", universalCanister([], bits), does.noteStable(does.status));
    s.manageOne("start_canister", id);
    expect(s.run(id, reply(does.slice(does.stableJournal, 0, 1)))).toBe("\x03");
  });

  test("deadlines: of bounded calls, in the whole call context, capped at 300 seconds [canister-interface#method-arguments]", () => {
    const s = new Scenario();
    const [id, callee] = [s.puppet({ bits }), s.puppet({ bits })];
    const told = (timeout: number | undefined, what: Program, method = "run"): bigint => {
      const end = s.call(
        id,
        "run",
        call(callee, { ...(timeout === undefined ? {} : { timeout }), method, arg: what, onReply: reply(does.argument) }),
      );
      if (end.kind !== "replied") throw new Error(said(end));
      return littleEndian(end.data);
    };
    const seconds = (): bigint => s.net.state.timeNanos / 1_000_000_000n;
    const inCallback = call(callee, { arg: send, onReply: reply(does.deadline) });
    expect(int(s, id, does.deadline)).toBe(0n);
    expect(told(undefined, reply(does.deadline))).toBe(0n);
    expect(told(10, reply(does.deadline))).toBe((seconds() + 10n) * 1_000_000_000n);
    expect(told(10, inCallback)).toBe((seconds() + 10n) * 1_000_000_000n);
    expect(told(4_000_000_000, reply(does.deadline))).toBe((seconds() + 300n) * 1_000_000_000n);
    expect(told(7, reply(does.deadline), "look"), "the replica tells queries too, the document does not").toBe(
      (seconds() + 7n) * 1_000_000_000n,
    );
    expect(s.look(id, reply(does.deadline))).toBe("\0".repeat(8));
  });

  test("controllers are those of the settings [canister-interface#system-api-controller-check]", () => {
    const s = new Scenario();
    const id = s.puppet({ bits });
    const is = (principal: string): bigint => int(s, id, does.isController(fromHex(principal)));
    expect([is(ALICE), is(id), is("")]).toEqual([1n, 0n, 0n]);
    s.setSettings(id, { controllers: [Principal.fromHex(ALICE), Principal.fromHex(id), Principal.managementCanister()] });
    expect([is(ALICE), is(id), is(""), is("04")]).toEqual([1n, 1n, 1n, 0n]);
    s.reinstall(id, "upgrade", universalCanister([], bits), does.noteStable(does.isController(does.caller)));
    expect(s.run(id, reply(does.slice(does.stableJournal, 0, 1))), "in post_upgrade").toBe("\x01");
  });

  test("environment variables: ordered by name, names to 100 bytes can be asked for [canister-interface#environment-variables]", () => {
    const s = new Scenario();
    const id = s.puppet({ bits });
    const long = "l".repeat(101);
    s.setSettings(id, { environment_variables: [{ name: "b", value: "two" }, { name: long, value: "x" }, { name: "B", value: "" }, { name: "é", value: "ü" }] }); // prettier-ignore
    expect(int(s, id, does.variableCount)).toBe(4n);
    expect([0, 1, 2, 3].map((i) => s.run(id, reply(does.variableName(i))))).toEqual(["B", "b", long, "é"]);
    expect(["B", "b", "é"].map((name) => s.run(id, reply(does.variable(name))))).toEqual(["", "two", "ü"]);
    expect([int(s, id, does.variableExists("b")), int(s, id, does.variableExists("c")), int(s, id, does.variableExists(""))]).toEqual([
      1n,
      0n,
      0n,
    ]);
    expect(int(s, id, does.variableExists("l".repeat(100)))).toBe(0n);
    expect(reason(s.run(id, evaluate(does.variableExists(long))))).toBe(
      "IC0504: Canister violated contract: ic0.env_var_name_exists: Variable name is too large.",
    );
    expect(reason(s.run(id, evaluate(does.variableName(4))))).toBe(
      "IC0504: Environment variable index 4 is out of bounds. The number of environment variables is 4.",
    );
    expect(s.look(id, reply(does.variable("b"))), "in queries too").toBe("two");
    s.reinstall(id, "upgrade", universalCanister([], bits), does.noteStable(does.variable("b")));
    expect(s.run(id, reply(does.stableJournal))).toContain("two");
  });

  describe("cycles [canister-interface#system-api-cycles]", () => {
    test("are taken as far as they are there, and come back as far as they were not", () => {
      const s = new Scenario();
      const [id, callee] = [s.puppet({ bits }), s.puppet({ bits })];
      const exchange = (what: Program): bigint[] => {
        const end = s.call(id, "run", call(callee, { arg: what, cycles: 1_000_000n, onReply: reply(does.argument, does.refunded) }));
        if (end.kind !== "replied") throw new Error(said(end));
        return Array.from({ length: end.data.length / 16 }, (_, i) => littleEndian(end.data.subarray(16 * i, 16 * i + 16)));
      };
      expect(
        exchange(
          reply(does.available, does.accepted(300_000), does.available, does.accepted(2n ** 127n), does.accepted(1), does.available),
        ),
      ).toEqual([1_000_000n, 300_000n, 700_000n, 700_000n, 0n, 0n, 0n]);
      expect(exchange(reply(does.accepted(0)))).toEqual([0n, 1_000_000n]);
      expect(exchange(program(call(callee, { arg: send, onReply: reply(does.accepted(5), does.available) }))), "in a callback").toEqual([
        5n,
        999_995n,
        999_995n,
      ]);
      expect(int(s, id, does.available), "users attach none").toBe(0n);
    });

    test("the balance falls with what is attached, and rises with what is dropped", () => {
      const s = new Scenario();
      const id = s.puppet({ bits });
      const end = s.call(
        id,
        "run",
        program(
          append(does.balance),
          call(id, { cycles: 5_000_000n, unfinished: true }),
          append(does.balance),
          call(id, { unfinished: true }),
          append(does.balance),
          send,
        ),
      );
      if (end.kind !== "replied") throw new Error(said(end));
      const [first, attached, dropped] = [0, 16, 32].map((at) => littleEndian(end.data.subarray(at, at + 16))) as [bigint, bigint, bigint];
      expect([first - attached, first - dropped]).toEqual([5_000_000n, 0n]);
    });

    test("what is liquid is above the freezing threshold, and no more is burnt or attached", () => {
      const s = new Scenario();
      const id = s.puppet({ bits, cycles: 10_000_000_000_000n });
      s.setSettings(id, { freezing_threshold: 10_000_000_000n });
      const balance = int(s, id, does.balance);
      const liquid = int(s, id, does.liquidBalance);
      expect(liquid).toBeLessThan(balance);
      expect(liquid).toBeGreaterThan(0n);
      const end = s.call(
        id,
        "run",
        reply(does.liquidBalance, does.burnt(5), does.liquidBalance, does.burnt(2n ** 100n), does.liquidBalance, does.burnt(1)),
      );
      if (end.kind !== "replied") throw new Error(said(end));
      const [before, few, rest, most, left, none] = Array.from({ length: 6 }, (_, i) =>
        littleEndian(end.data.subarray(16 * i, 16 * i + 16)),
      ) as bigint[];
      expect([few, rest! - before!, most! - rest!, left, none]).toEqual([5n, -5n, 0n, 0n, 0n]);
    });

    test("the cycles minting canister mints, and no other", () => {
      const s = new Scenario({ subnets: [{ kind: "system", name: "nns" }] });
      s.manage("provisional_create_canister_with_cycles", { amount: [1_000_000n], settings: [], specified_id: [Principal.fromText(CYCLES_MINTING)], sender_canister_version: [] }, { subnet: s.subnet(0) }); // prettier-ignore
      const id = Principal.fromText(CYCLES_MINTING).toHex().toLowerCase() as CanisterId;
      expect(said(s.reinstall(id, "install", universalCanister([], bits)))).toBe(decodeText(new Uint8Array(IDL.encode([], []))));
      expect(int(s, id, does.minted(2n ** 70n))).toBe(2n ** 70n);
      expect(s.canister(id).balanceCycles).toBe(2n ** 70n + 1_000_000n);
      expect(int(s, id, does.minted(2n ** 128n - 1n)), "up to the largest balance").toBe(2n ** 128n - 1n - 2n ** 70n - 1_000_000n);
      const other = s.puppet({ bits });
      expect(s.run(other, evaluate(does.minted(1)))).toContain("cannot be executed on non Cycles Minting Canister");
    });
  });

  test("reject codes: of the response that a callback, or its cleanup, is there for [canister-interface#method-arguments]", () => {
    const s = new Scenario();
    const [id, callee] = [s.puppet({ bits }), s.puppet({ bits })];
    const code = (text: string): string => [...text].map((c) => (c < " " ? c.charCodeAt(0) : c)).join("");
    const asked = (what: Program): string =>
      code(
        s.run(
          id,
          call(callee, {
            arg: what,
            onReply: reply(does.slice(does.rejectCode, 0, 1), does.argument),
            onReject: reply(does.slice(does.rejectCode, 0, 1), does.rejectMessage),
          }),
        ),
      );
    expect(asked(reply(" fine"))).toBe("0 fine");
    expect(asked(does.reject(" no"))).toBe("4 no");
    expect(asked(trap("no"))).toMatch(/^5IC0503: Error from Canister .* Canister called `ic0\.trap` with message: 'no'/);
    expect(code(s.run(id, call("00000000000000ff0101" as PrincipalId, { onReject: reply(does.slice(does.rejectCode, 0, 1)) })))).toBe("3");
    const cleanedUp = (what: Program): string => {
      const noted = does.noteStable(does.slice(does.rejectCode, 0, 1));
      expect(s.run(id, call(callee, { arg: what, onReply: trap(), onReject: trap(), onCleanup: noted }))).toContain("IC0503");
      return code(s.run(id, reply(does.stableJournal))).at(-1)!;
    };
    expect([cleanedUp(send), cleanedUp(does.reject("no")), cleanedUp(trap())]).toEqual(["0", "4", "5"]);
    expect(s.run(id, call(callee, { arg: send, onReply: evaluate(does.rejectMessage) }))).toContain(
      '"ic0_msg_reject_msg_size" cannot be executed in reply callback mode',
    );
    expect(s.run(id, call(callee, { arg: trap(), onReject: evaluate(does.argument) }))).toContain(
      '"ic0_msg_arg_data_size" cannot be executed in reject callback mode',
    );
  });

  test("replies and rejects: gathered, once, gone with the execution that did not send them [canister-interface#responding]", () => {
    const s = new Scenario();
    const id = s.puppet({ bits });
    expect(s.run(id, program(append("a"), append(""), append("b"), send))).toBe("ab");
    expect(s.run(id, does.reject("né"))).toBe("IC0406: né");
    expect(s.run(id, program(append("lost"), does.reject("no")))).toBe("IC0406: no");
    expect(s.run(id, program(append("lost"), call(id, { arg: send, onReply: reply("kept") }))), "the buffer is the execution's").toBe(
      "kept",
    );
    expect(s.run(id, program(call(id, { arg: send, onReply: reply("again") }), reply("first")))).toBe("first");
    expect(reason(s.run(id, append("never")))).toMatch(/^IC0506: /);
    const end = s.call(id, "run", program(does.appendZeros(2_097_152), send));
    expect(end.kind === "replied" && end.data.length).toBe(2_097_152);
    expect(s.look(id, program(does.appendZeros(3_145_729), send))).toContain(
      "application payload size (3145729) cannot be larger than 3145728.",
    );
  });
});
