/**
 * Queries and composite queries on the state, without rounds.
 */
import { expect, test } from "vitest";
import {
  ALICE,
  BOB,
  encode,
  errorText,
  idArg,
  ManagementWorld,
  principal,
  principalText,
  TRILLION,
} from "../../../test/support/management-world.ts";
import { compileWat, importLine } from "../../../test/support/ic0-wat.ts";
import type { Limits } from "../state/limits.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import { IC0 } from "../wasm/ic0.ts";

const NOTHING = new Uint8Array(0);

/** A module whose body may call `ic0` by name; addresses 0 to 999 are scratch. */
function module(body: string): Uint8Array {
  const text = `(memory 2) ${body}`;
  const called = new Set([...text.matchAll(/\(call \$([a-z0-9_]+)/g)].map((match) => match[1]).filter((name) => IC0.has(name)));
  return compileWat(`(module ${[...called].map((name) => importLine(name)).join("\n")} ${text})`);
}

/** Texts and ids of a module at fixed addresses: `at("name")` is `(i32.const a) (i32.const length)`. */
class Texts {
  private next: number;
  private readonly segments: string[] = [];

  constructor(from = 1000) {
    this.next = from;
  }

  at(bytes: string | Uint8Array): string {
    const raw = Buffer.from(bytes);
    const address = this.next;
    this.next += raw.length;
    this.segments.push(`(data (i32.const ${address}) "${[...raw].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}")`);
    return `(i32.const ${address}) (i32.const ${raw.length})`;
  }
  id(of: PrincipalId): string {
    return this.at(Uint8Array.from(Buffer.from(of, "hex")));
  }
  toString(): string {
    return this.segments.join("\n");
  }
}

interface Call {
  readonly to: PrincipalId;
  readonly method: string;
  readonly arg?: Uint8Array;
  /** Table indices; 0 and 1 by default. */
  readonly onReply?: number;
  readonly onReject?: number;
  readonly onCleanup?: number;
}

function callsOf(texts: Texts, calls: readonly Call[]): string {
  return calls
    .map(({ to, method, arg, onReply = 0, onReject = 1, onCleanup }, i) => {
      const closures = `(i32.const ${onReply}) (i32.const ${i}) (i32.const ${onReject}) (i32.const ${i})`;
      const data = arg === undefined ? "" : `(call $call_data_append ${texts.at(arg)})`;
      const cleanup = onCleanup === undefined ? "" : `(call $call_on_cleanup (i32.const ${onCleanup}) (i32.const ${i}))`;
      return `(call $call_new ${texts.id(to)} ${texts.at(method)} ${closures}) ${cleanup} ${data} (drop (call $call_perform))`;
    })
    .join("\n");
}

/** Appends one byte to a log in memory (address 8: its length; from 16: the bytes). */
const LOG = `(func $log (param i32) (i32.store8 (i32.add (i32.const 16) (i32.load (i32.const 8))) (local.get 0))
  (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))))
  (func $tell (call $msg_reply_data_append (i32.const 16) (i32.load (i32.const 8))) (call $msg_reply))`;

/** Answers with its argument. */
const ECHO = module(`
  (func (export "canister_query echo")
    (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (call $msg_arg_data_size))
    (call $msg_reply_data_append (i32.const 0) (call $msg_arg_data_size)) (call $msg_reply))
  (func (export "canister_query caller")
    (call $msg_caller_copy (i32.const 0) (i32.const 0) (call $msg_caller_size))
    (call $msg_reply_data_append (i32.const 0) (call $msg_caller_size)) (call $msg_reply))
  (func (export "canister_query info_size")
    (i32.store (i32.const 0) (call $msg_caller_info_data_size)) (call $msg_reply_data_append (i32.const 0) (i32.const 4)) (call $msg_reply))
  (func (export "canister_query certificate")
    (if (call $data_certificate_present) (then
      (call $data_certificate_copy (i32.const 0) (i32.const 0) (call $data_certificate_size))
      (call $msg_reply_data_append (i32.const 0) (call $data_certificate_size))))
    (call $msg_reply))
  (func (export "canister_query reject") (i32.store8 (i32.const 0) (i32.const 110)) (i32.store8 (i32.const 1) (i32.const 111)) (call $msg_reject (i32.const 0) (i32.const 2)))
  (func (export "canister_query silent"))
  (func (export "canister_query trap") (unreachable))
  (func (export "canister_query count") (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (call $msg_reply_data_append (i32.const 0) (i32.const 4)) (call $msg_reply))
  (func (export "canister_query spin") (loop $l (br $l)))
  (func (export "canister_update write") (call $msg_reply))`);

function installed(net: ManagementWorld, binary: Uint8Array, given: Parameters<ManagementWorld["create"]>[0] = {}): CanisterId {
  const id = net.create(given);
  const outcome = net.install(id, binary, { subnet: given.subnet, mode: { reinstall: null } });
  if (outcome.kind !== "answered" || outcome.result.kind !== "reply")
    throw new Error(JSON.stringify(outcome, (_, v) => (typeof v === "bigint" ? `${v}` : v)));
  return id;
}

/** The reply as hex, or the error. */
function ask(net: ManagementWorld, id: CanisterId, method: string, arg: Uint8Array = NOTHING, sender: PrincipalId = ALICE): string {
  const answer = net.query(id, method, arg, { sender });
  if (answer.kind === "replied") return Buffer.from(answer.data).toString("hex");
  if (answer.kind !== "rejected" || answer.error === null) throw new Error("neither reply nor error");
  return errorText(answer.error).split("\n")[0];
}

/** A composite query `go` that makes these calls; callbacks log the reply's first byte, or `ff` and the reject code, and the last one answers with the log. */
function collector(
  calls: readonly Call[],
  given: { readonly answerAfter?: number; readonly extra?: string; readonly elements?: string } = {},
): Uint8Array {
  const texts = new Texts();
  const made = callsOf(texts, calls);
  const after = given.answerAfter ?? calls.length;
  const count = `(i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
    (if (i32.eq (i32.load (i32.const 4)) (i32.const ${after})) (then (call $tell)))`;
  return module(`
    (type $closure (func (param i32)))
    (table funcref (elem $on_reply $on_reject ${given.elements ?? ""}))
    ${LOG}
    (func $on_reply (param i32) (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 1)) (call $log (i32.load8_u (i32.const 0))) ${count})
    (func $on_reject (param i32) (call $log (i32.const 255)) (call $log (call $msg_reject_code)) ${count})
    ${given.extra ?? ""}
    (func (export "canister_composite_query go") ${made})
    ${texts}`);
}

const limited = (limits: Partial<Limits>) => new ManagementWorld({ limits });

test("a plain query: argument, caller, sender info, and nothing of it stays [abstract-behavior#query-call]", () => {
  const net = new ManagementWorld();
  const id = installed(net, ECHO);
  expect(ask(net, id, "echo", Uint8Array.of(1, 2))).toBe("0102");
  expect(ask(net, id, "caller", NOTHING, BOB)).toBe(BOB);
  expect([ask(net, id, "count"), ask(net, id, "count")]).toEqual(["01000000", "01000000"]);
  expect(net.canister(id).version).toBe(1);
  expect(ask(net, id, "certificate")).toBe(id);
});

test("a query ends in reject, silence, a trap, or at the limit [abstract-behavior#query-call]", () => {
  const net = limited({ queryTreeInstructions: 1_000_000 });
  const id = installed(net, ECHO);
  const name = principalText(id);
  expect(net.query(id, "reject")).toEqual({
    kind: "rejected",
    reject: { code: 4, message: "no" },
    error: { code: 406, description: "no" },
  });
  expect(ask(net, id, "silent")).toBe(`IC0506: Canister ${name} did not produce a response`);
  expect(ask(net, id, "trap")).toBe(`IC0502: Error from Canister ${name}: Canister trapped: unreachable.`);
  expect(ask(net, id, "spin")).toBe(
    `IC0522: Error from Canister ${name}: Canister exceeded the limit of 1000000 instructions for single message execution..`,
  );
});

test("the checks before a query, in order [replica: checks before queries]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const name = principalText(id);
  const nowhere = "00000000000000990101" as CanisterId;
  expect(ask(net, nowhere, "echo")).toBe(`IC0301: Canister ${principalText(nowhere)} not found`);
  net.canister(id).status = { kind: "stopped" };
  expect(ask(net, id, "echo")).toBe(`IC0508: Canister ${name} is stopped and therefore does not have a CallContextManager`);
  net.canister(id).status = { kind: "stopping", requests: [] };
  expect(ask(net, id, "echo")).toBe(
    `IC0537: Error from Canister ${name}: Attempted to execute a message, but the canister contains no Wasm module..`,
  );
  net.install(id, ECHO);
  net.canister(id).balanceCycles = 0n;
  expect(ask(net, id, "write")).toBe(`IC0536: Error from Canister ${name}: Canister has no query method 'write'..`);
  expect(ask(net, id, "echo")).toBe(
    `IC0207: Canister ${name} is unable to process query calls because it's frozen. Please top up the canister with cycles and try again.`,
  );
  net.canister(id).balanceCycles = TRILLION;
  expect(ask(net, id, "echo")).toBe(`IC0509: Canister ${name} is not running`);
  net.canister(id).status = { kind: "running" };
  expect(ask(net, id, "echo")).toBe("");
});

test("a composite query asks canisters, each callback sees what the ones before it did [abstract-behavior#query-call]", () => {
  const net = new ManagementWorld();
  const [a, b] = [installed(net, ECHO), installed(net, ECHO)];
  // Made in the order b, a, a, b; executed by destination, one of each in turn.
  const calls: Call[] = [
    { to: b, method: "echo", arg: Uint8Array.of(0xb1) },
    { to: a, method: "echo", arg: Uint8Array.of(0xa1) },
    { to: a, method: "echo", arg: Uint8Array.of(0xa2) },
    { to: b, method: "echo", arg: Uint8Array.of(0xb2) },
  ];
  const root = installed(net, collector(calls));
  expect(a < b).toBe(true);
  expect(ask(net, root, "go")).toBe("a1b1a2b2");
  expect(ask(net, root, "go")).toBe("a1b1a2b2");
});

test("what is left when a context answers is not executed [replica: order in composite queries]", () => {
  const net = new ManagementWorld();
  const a = installed(net, ECHO);
  const calls = [1, 2, 3].map((byte): Call => ({ to: a, method: "echo", arg: Uint8Array.of(byte) }));
  expect(ask(net, installed(net, collector(calls, { answerAfter: 2 })), "go")).toBe("0102");
});

test("failures of nested calls are rejects, with the description alone [abstract-behavior#query-call]", () => {
  const net = new ManagementWorld({ subnets: [1, 2].map(() => ({ kind: "application" as const, name: "application" })) });
  const a = installed(net, ECHO);
  const far = installed(net, ECHO, { subnet: 1 });
  const texts = new Texts();
  const tell = (method: string, to: PrincipalId) => {
    const made = callsOf(texts, [{ to, method }]);
    return `(func (export "canister_composite_query ${method} ${to}") ${made})`;
  };
  const bodies = [tell("reject", a), tell("write", a), tell("silent", a), tell("trap", a), tell("echo", far)].join("\n");
  const root = installed(
    net,
    module(`(table funcref (elem $never $on_reject)) (func $never (param i32) (unreachable))
      (func $on_reject (param i32)
        (i32.store8 (i32.const 0) (call $msg_reject_code))
        (call $msg_reject_msg_copy (i32.const 1) (i32.const 0) (call $msg_reject_msg_size))
        (call $msg_reply_data_append (i32.const 0) (i32.add (call $msg_reject_msg_size) (i32.const 1))) (call $msg_reply))
      ${bodies} ${texts}`),
  );
  const rejected = (method: string, to: PrincipalId) => {
    const bytes = Buffer.from(ask(net, root, `${method} ${to}`), "hex");
    return `${bytes[0]} ${bytes.subarray(1).toString().split("\n")[0]}`;
  };
  expect(rejected("reject", a)).toBe("4 no");
  expect(rejected("write", a)).toBe(`5 Error from Canister ${principalText(a)}: Canister has no query method 'write'..`);
  expect(rejected("silent", a)).toBe(`5 Canister ${principalText(a)} did not produce a response`);
  expect(rejected("trap", a)).toBe(`5 Error from Canister ${principalText(a)}: Canister trapped: unreachable.`);
  expect(rejected("echo", far)).toBe(`3 Canister ${principalText(far)} not found`);
});

test("a call to the caller itself starts from the network's state [abstract-behavior#query-call]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const texts = new Texts();
  const made = callsOf(texts, [{ to: id, method: "read" }]);
  const read = `(call $msg_reply_data_append (i32.const 500) (i32.const 1)) (call $msg_reply)`;
  net.install(
    id,
    module(`(table funcref (elem $on_reply $on_reply))
      (func $on_reply (param i32)
        (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 1))
        (call $msg_reply_data_append (i32.const 0) (i32.const 1)) ${read})
      (func (export "canister_query read") ${read})
      (func (export "canister_composite_query go") (i32.store8 (i32.const 500) (i32.const 7)) ${made})
      ${texts}`),
  );
  // Nested: 0; the own callback: 7.
  expect(ask(net, id, "go")).toBe("0007");
  expect(ask(net, id, "read")).toBe("00");
});

test("caller, sender info and certificate in nested calls [abstract-behavior#query-call]", () => {
  const net = new ManagementWorld();
  const a = installed(net, ECHO);
  const root = net.create();
  const texts = new Texts();
  const own = (method: string) => `(func (export "canister_composite_query ask_${method}") ${callsOf(texts, [{ to: a, method }])})`;
  const back = `(func (export "canister_composite_query back") ${callsOf(texts, [{ to: root, method: "certificate" }])})`;
  net.install(
    root,
    module(`(table funcref (elem $on_reply $on_reply))
      (func $on_reply (param i32)
        (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (call $msg_arg_data_size))
        (call $msg_reply_data_append (i32.const 0) (call $msg_arg_data_size))
        (i32.store8 (i32.const 900) (call $data_certificate_present))
        (call $msg_reply_data_append (i32.const 900) (i32.const 1))
        (call $msg_caller_copy (i32.const 0) (i32.const 0) (call $msg_caller_size))
        (call $msg_reply_data_append (i32.const 0) (call $msg_caller_size)) (call $msg_reply))
      (func (export "canister_query certificate")
        (i32.store8 (i32.const 0) (call $data_certificate_present)) (call $msg_reply_data_append (i32.const 0) (i32.const 1)) (call $msg_reply))
      ${own("caller")} ${own("info_size")} ${own("certificate")} ${back} ${texts}`),
  );
  // Answer of the callee, no certificate in the callback, then the user again.
  expect(ask(net, root, "ask_caller")).toBe(`${root}00${ALICE}`);
  expect(ask(net, root, "ask_info_size")).toBe(`0000000000${ALICE}`);
  expect(ask(net, root, "ask_certificate")).toBe(`00${ALICE}`);
  expect(ask(net, root, "back")).toBe(`0100${ALICE}`);
});

test("a plain query called by a composite query may call on; its own changes are seen by its callbacks [abstract-behavior#query-call]", () => {
  const net = new ManagementWorld();
  const echo = installed(net, ECHO);
  const texts = new Texts();
  const middle = installed(
    net,
    module(`(table funcref (elem $on_reply $on_reply)) (func $on_reply (param i32) (call $msg_reply_data_append (i32.const 500) (i32.const 1)) (call $msg_reply))
      (func (export "canister_query relay") (i32.store8 (i32.const 500) (i32.const 9)) ${callsOf(texts, [{ to: echo, method: "echo" }])}) ${texts}`),
  );
  expect(ask(net, installed(net, collector([{ to: middle, method: "relay" }])), "go")).toBe("09");
  expect(ask(net, middle, "relay")).toMatch(/^IC0504: .*"ic0_call_new" cannot be executed in non replicated query mode\.$/);
});

test("a callback's new calls come after those that are left [replica: order in composite queries]", () => {
  const net = new ManagementWorld();
  const a = installed(net, ECHO);
  // Its own texts lie above those of the collector's calls.
  const texts = new Texts(8000);
  const more = callsOf(texts, [{ to: a, method: "echo", arg: Uint8Array.of(3) }]);
  const calls = [1, 2].map((byte): Call => ({ to: a, method: "echo", arg: Uint8Array.of(byte), onReply: byte === 1 ? 2 : 0 }));
  const extra = `(func $first (param i32) (call $on_reply (i32.const 0)) ${more}) ${texts}`;
  expect(ask(net, installed(net, collector(calls, { answerAfter: 3, elements: "$first", extra })), "go")).toBe("010203");
});

test("a callback's trap is swallowed while other calls are pending, and the cleanup runs [replica: order in composite queries]", () => {
  const net = new ManagementWorld();
  const a = installed(net, ECHO);
  const extra = `(func $trap (param i32) (call $log (i32.const 1)) (unreachable)) (func $cleanup (param i32) (call $log (i32.const 204)))`;
  const pending: Call[] = [
    { to: a, method: "echo", arg: Uint8Array.of(1), onReply: 2, onCleanup: 3 },
    { to: a, method: "echo", arg: Uint8Array.of(2) },
  ];
  expect(ask(net, installed(net, collector(pending, { answerAfter: 1, extra, elements: "$trap $cleanup" })), "go")).toBe("cc02");
  const last = [pending[1], pending[0]];
  const root = installed(net, collector(last, { answerAfter: 9, extra, elements: "$trap $cleanup" }));
  expect(ask(net, root, "go")).toBe(`IC0502: Error from Canister ${principalText(root)}: Canister trapped: unreachable`);
  const failing = installed(net, collector(last, { answerAfter: 9, extra, elements: "$trap $trap" }));
  expect(ask(net, failing, "go")).toBe(`IC0502: Error from Canister ${principalText(failing)}: Canister trapped: unreachable`);
  const answer = net.query(failing, "go");
  expect(answer.kind === "rejected" && answer.reject.message).toMatch(/call_on_cleanup also failed:/);
});

test("nobody left to answer [abstract-behavior#query-call]", () => {
  const net = new ManagementWorld();
  const a = installed(net, ECHO);
  const root = installed(net, collector([{ to: a, method: "echo", arg: Uint8Array.of(1) }], { answerAfter: 9 }));
  expect(ask(net, root, "go")).toBe(`IC0506: Canister ${principalText(root)} did not produce a response`);
  const silent = installed(net, collector([]));
  expect(ask(net, silent, "go")).toBe(`IC0506: Canister ${principalText(silent)} did not produce a response`);
});

/** A canister that passes on to the next until the last one answers. */
function chain(net: ManagementWorld, length: number): CanisterId {
  let next = installed(net, ECHO);
  for (let i = 0; i < length; i++) next = installed(net, collector([{ to: next, method: i === 0 ? "echo" : "go", arg: Uint8Array.of(5) }]));
  return next;
}

test("six contexts may wait for one another, not seven [replica: limits of composite queries]", () => {
  const net = new ManagementWorld();
  expect(ask(net, chain(net, 6), "go")).toBe("05");
  expect(ask(net, chain(net, 7), "go")).toBe("IC0525: Composite query calls exceeded the maximum call depth.");
});

test("each nested call costs the tree its instructions [replica: limits of composite queries]", () => {
  const net = limited({ queryTreeInstructions: 200_000_000 });
  const a = installed(net, ECHO);
  const calls = (count: number) => collector(Array.from({ length: count }, (): Call => ({ to: a, method: "echo", arg: Uint8Array.of(1) })));
  expect(ask(net, installed(net, calls(3)), "go")).toBe("010101");
  expect(ask(net, installed(net, calls(5)), "go")).toBe("IC0526: Composite query calls exceeded the instruction limit.");
});

test("management calls from composite queries: four methods, on the own subnet's state [management-canister#ic-management-canister]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const management = "" as PrincipalId;
  const texts = new Texts();
  const method = (name: string, arg: Uint8Array) =>
    `(func (export "canister_composite_query ${name}") ${callsOf(texts, [{ to: management, method: name, arg }])})`;
  net.install(
    id,
    module(`(table funcref (elem $on_reply $on_reject))
      (func $on_reply (param i32)
        (call $msg_arg_data_copy (i32.const 8000) (i32.const 0) (call $msg_arg_data_size))
        (call $msg_reply_data_append (i32.const 8000) (call $msg_arg_data_size)) (call $msg_reply))
      (func $on_reject (param i32)
        (i32.store8 (i32.const 8000) (call $msg_reject_code))
        (call $msg_reject_msg_copy (i32.const 8001) (i32.const 0) (call $msg_reject_msg_size))
        (call $msg_reply_data_append (i32.const 8000) (i32.add (call $msg_reject_msg_size) (i32.const 1))) (call $msg_reply))
      ${method("canister_status", idArg(id))}
      ${method("fetch_canister_logs", encode("fetch_canister_logs", { canister_id: principal(id), filter: [] }))}
      ${method("start_canister", idArg(id))} ${method("nonsense", NOTHING)} ${texts}`),
  );
  expect(ask(net, id, "canister_status")).toBe(Buffer.from(net.reply("canister_status", idArg(id))).toString("hex"));
  const rejected = (name: string) => {
    const bytes = Buffer.from(ask(net, id, name), "hex");
    return `${bytes[0]} ${bytes.subarray(1).toString()}`;
  };
  expect(rejected("fetch_canister_logs")).toBe(`4 Caller ${principalText(id)} is not allowed to access canister logs`);
  expect(rejected("start_canister")).toBe("5 Query method start_canister not found.");
  expect(rejected("nonsense")).toBe("5 IC0536: Management canister has no method 'nonsense'");
});
