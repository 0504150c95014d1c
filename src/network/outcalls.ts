/**
 * HTTPS outcalls of an in-process network: who stands for the web. A function of the test, the host's own fetch, the test by hand, or nobody,
 * and then every outcall is refused by name.
 *
 * Whatever is answered enters the network as an input, so that a run repeats without the web.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { OutcallEvent } from "../core/events.ts";
import type { OutcallInput } from "../core/inputs.ts";
import type { SubnetId } from "../core/state/ids.ts";
import type { NetworkState } from "../core/state/network-state.ts";
import {
  outcallNodes,
  type HttpHeader,
  type OutcallRequest,
  type OutcallResponse,
  type PendingCallId,
} from "../core/state/pending-calls.ts";
import { principalText } from "../core/state/principal.ts";
import { RejectCode } from "../core/state/rejects.ts";

/** What a canister asks of the web. */
export interface OutcallDetails extends Omit<OutcallRequest, "kind"> {
  /** Text of the caller's id. */
  readonly canister: string;
  /** Nodes that do it: those of the subnet, or 1. */
  readonly nodes: number;
}

/** What a node gets: a response (200 and nothing in it by default), or why it got none. */
export type OutcallAnswer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>> | readonly HttpHeader[];
      readonly body?: string | Uint8Array;
    }
  | { readonly reject: string; /** A reject code of the system; 2 (SYS_TRANSIENT) by default. */ readonly code?: RejectCode };

/** One answer for all nodes, or one for each: those that differ show what a canister does without consensus. */
export type OutcallHandler = (
  request: OutcallDetails,
) => OutcallAnswer | readonly OutcallAnswer[] | Promise<OutcallAnswer | readonly OutcallAnswer[]>;

/** Who stands for the web: nobody (`refuse`, by default), the test by hand (`wait`: see `net.outcalls`), the host's own fetch, or a function. */
export type OutcallPolicy = "refuse" | "wait" | "fetch" | OutcallHandler;

/** An outcall that waits. */
export interface Outcall extends OutcallDetails {
  /** Answers for all nodes. The canister has it after the next round. */
  respond(answer: OutcallAnswer): void;
  /** One answer for each node. */
  respondEach(answers: readonly OutcallAnswer[]): void;
}

interface Waiting {
  readonly outcall: Outcall;
  /** Why it is refused, or `null`. */
  give(answers: readonly OutcallAnswer[]): string | null;
}

export interface OutcallsOptions {
  readonly policy: OutcallPolicy;
  readonly state: () => NetworkState;
  /** What a host does with `fetch`; `null` where it cannot. */
  readonly fetch: ((request: OutcallRequest) => Promise<OutcallResponse>) | null;
  /** The reason why the input was refused, or `null`. */
  readonly step: (input: OutcallInput) => string | null;
}

export class Outcalls {
  private readonly options: OutcallsOptions;
  /** Outcalls that a function or fetch is working on. */
  private working = 0;
  /** Counts up when the state is replaced: what was being worked on then concerns nobody any more. */
  private generation = 0;
  private isPaused = false;
  private waitingForNext: ((outcall: Outcall) => void)[] = [];
  private waitingForProgress: (() => void)[] = [];

  constructor(options: OutcallsOptions) {
    this.options = options;
    if (options.policy === "fetch" && options.fetch === null) {
      throw new CanneryError(
        "bad-options",
        'outcalls: "fetch" needs a host that can reach the web, which this one cannot: give a function',
      );
    }
  }

  /** Every outcall that waits for an answer, in the order of the subnets and of the calls. */
  get pending(): readonly Outcall[] {
    return this.waiting().map(({ outcall }) => outcall);
  }

  private waiting(): Waiting[] {
    const state = this.options.state();
    return state.subnetOrder.flatMap((id) => {
      const calls = [...state.subnets.get(id)!.pendingCalls.values()];
      return calls.flatMap((call) =>
        call.request.kind === "outcall" && call.arrived === null
          ? [this.waitingCall(id, call.id, principalText(call.origin.canister), call.request)]
          : [],
      );
    });
  }

  /** The first outcall that waits, or the next one that a canister makes. */
  async next(): Promise<Outcall> {
    if (this.options.policy !== "wait")
      throw new CanneryError("no-outcalls", 'no outcall of this network waits for a test: create it with { outcalls: "wait" }');
    const [first] = this.pending;
    return first ?? new Promise<Outcall>((resolve) => this.waitingForNext.push(resolve));
  }

  /** Whether somebody is working on an answer, so that time stands still. */
  get isBusy(): boolean {
    return this.working > 0;
  }

  /** Whether the test itself is to answer. */
  get isByHand(): boolean {
    return this.options.policy === "wait" && this.pending.length > 0;
  }

  /** Resolves when what is being worked on has an answer. */
  progress(): Promise<void> {
    return new Promise((resolve) => this.waitingForProgress.push(resolve));
  }

  /** Nobody is asked from now on, and what was being worked on concerns nobody: whoever paused it answers. `pause(false)` ends that. */
  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.restored();
  }

  /** The state was replaced: what waits in it is asked for again. */
  restored(): void {
    this.generation++;
    this.working = 0;
    for (const waiting of this.waiting()) this.dispatch(waiting);
  }

  onEvent(event: OutcallEvent): void {
    this.dispatch(this.waitingCall(event.subnet, event.call, principalText(event.canister), event.request));
  }

  private waitingCall(subnet: SubnetId, call: PendingCallId, canister: string, request: OutcallRequest): Waiting {
    const nodes = outcallNodes(request, this.options.state().subnets.get(subnet)!.config.nodeCount);
    const give = (answers: readonly OutcallAnswer[]): string | null => {
      const given = answers.map(responseOf);
      // Of a committee, one answer for all is one of each.
      const responses = request.flexible !== null && given.length === 1 ? Array.from({ length: nodes }, () => given[0]!) : given;
      return this.options.step({ kind: "outcall", subnet, call, responses });
    };
    const respondEach = (answers: readonly OutcallAnswer[]): void => {
      const refused = give(answers);
      if (refused !== null) throw new CanneryError("outcall-refused", refused);
    };
    return { outcall: { ...request, canister, nodes, respond: (answer) => respondEach([answer]), respondEach }, give };
  }

  private dispatch({ outcall, give }: Waiting): void {
    for (const resolve of this.waitingForNext.splice(0)) resolve(outcall);
    const { policy, fetch } = this.options;
    if (policy === "wait" || this.isPaused) return;
    const generation = this.generation;
    this.working++;
    void answersOf(policy, fetch, outcall).then((answers) => {
      if (generation !== this.generation) return;
      this.working--;
      // Nobody waits for it any more when time went on meanwhile: the canister was told so, and that is all.
      give(answers);
      for (const resolve of this.waitingForProgress.splice(0)) resolve();
    });
  }
}

/** Never rejects: a function that throws is a node that could not do it, and its text reaches the caller. */
async function answersOf(
  policy: "refuse" | "fetch" | OutcallHandler,
  fetch: OutcallsOptions["fetch"],
  outcall: Outcall,
): Promise<readonly OutcallAnswer[]> {
  if (policy === "refuse") {
    const text = `${outcall.method.toUpperCase()} ${outcall.url}: this network has no way to the web. Create it with { outcalls: (request) => answer }, or with { outcalls: "fetch" }.`;
    return [{ reject: text, code: RejectCode.SYS_FATAL }];
  }
  try {
    if (policy === "fetch") return [rawAnswer(await fetch!({ ...outcall, kind: "outcall" }))];
    const given = await policy(outcall);
    return Array.isArray(given) ? checked(given, outcall) : [given as OutcallAnswer];
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return [{ reject: `the outcall handler failed at ${outcall.url}: ${why}`, code: RejectCode.SYS_FATAL }];
  }
}

function checked(answers: readonly OutcallAnswer[], { nodes }: Outcall): readonly OutcallAnswer[] {
  if (answers.length === 1 || answers.length === nodes) return answers;
  throw new Error(`it gave ${answers.length} answers for ${nodes} node(s): give one for all, or one for each`);
}

function rawAnswer(response: OutcallResponse): OutcallAnswer {
  return response.kind === "reject" ? { reject: response.message, code: response.code } : response;
}

function responseOf(answer: OutcallAnswer): OutcallResponse {
  if ("reject" in answer) return { kind: "reject", code: answer.code ?? RejectCode.SYS_TRANSIENT, message: answer.reject };
  const { status = 200, headers = [], body = "" } = answer;
  const list = Array.isArray(headers)
    ? (headers as readonly HttpHeader[])
    : Object.entries(headers).map(([name, value]) => ({ name, value }));
  return { kind: "response", status, headers: list, body: typeof body === "string" ? encodeUtf8(body) : body };
}
