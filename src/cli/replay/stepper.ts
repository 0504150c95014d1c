/**
 * What the commands of `cannery replay --step` do: each gives an answer, as text and as data. Nothing here knows a terminal.
 */
import { terminalWidth } from "../terminal.ts";
import { CanneryError } from "../../base/cannery-error.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import { principalText } from "../../core/state/principal.ts";
import type { Replay } from "../../index.ts";
import { Cannery } from "../../network/cannery.ts";
import type { Session } from "../../network/session.ts";
import { answerText, argumentOf, methodOf } from "../candid-call.ts";
import { canisterText, shownCanister } from "./canister-state.ts";
import { RunNames } from "./run-names.ts";
import { endingText, stepsOf, type Step } from "./steps.ts";
import { argsText, countOf, firstWord, quoted, unquoted, wholeNumber } from "./words.ts";

export interface Answer {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Command {
  readonly name: string;
  readonly aliases: readonly string[];
  /** Its arguments, for help. */
  readonly usage: string;
  readonly help: string;
  /** What its first argument may be, for completion. */
  readonly takes?: "canister" | "user";
  run(rest: string): Answer;
}

/** Executions that `list` shows before and after the position. */
const AROUND = 8;
/** Rows that `trace` shows. */
const TRACE_ROWS = 24;

export class Stepper {
  readonly run: Replay;
  readonly steps: readonly Step[];
  private readonly session: Session;
  private readonly names: RunNames;
  private user: PrincipalId | null = null;

  /** Of a run at any place: it stays there. */
  constructor(run: Replay) {
    const { position } = run;
    this.run = run;
    this.session = Cannery.inside(run.net);
    this.names = new RunNames(run.net, this.session);
    run.toEnd();
    this.steps = stepsOf(run);
    run.to(position);
  }

  /** What somebody sees first. */
  greeting(): Answer {
    const { length, failure, choices } = this.run;
    const chosen = choices.length === 0 ? [] : ["The schedule chose:", ...choices.map((choice) => `  - ${choice}`)];
    const ending = endingText(this.run);
    const text = [
      `A run of ${length} executions${ending === null ? "." : `. ${ending}`}`,
      ...chosen,
      "next and back step through it, help tells the rest.",
      "",
      this.here().text,
    ];
    return {
      text: text.join("\n"),
      data: { ...this.here().data, failure, choices, canisters: this.names.canisters().map(({ name }) => name) },
    };
  }

  /** The answer to one line. Throws `CanneryError` for what cannot be done. */
  answer(line: string): Answer {
    const [word, rest] = firstWord(line);
    return this.commandOf(word).run(rest);
  }

  /** What a line may go on with, for the key that completes. */
  completions(line: string): string[] {
    const [word, rest] = firstWord(line);
    if (!/\s/u.test(line.trimStart())) return [...this.commands.map(({ name }) => name), "quit"].filter((name) => name.startsWith(word));
    const command = this.commands.find(({ name, aliases }) => name === word || aliases.includes(word));
    const [canister, method] = firstWord(rest);
    if (command?.name === "query" && this.names.canisters().some(({ name }) => name === canister))
      return this.names.queriesOf(canister).flatMap((name) => (name.startsWith(method) ? [`${word} ${quoted(canister)} ${name} `] : []));
    const names =
      command?.takes === "canister" ? this.names.canisters().map(({ name }) => name) : command?.takes === "user" ? this.names.users() : [];
    return names.filter((name) => name.startsWith(rest)).map((name) => `${word} ${quoted(name)}${command?.name === "query" ? " " : ""}`);
  }

  private readonly commands: readonly Command[] = [
    {
      name: "next",
      aliases: ["n"],
      usage: "[N]",
      help: "goes on by one execution, or N",
      run: (rest) => this.move(this.run.position + countOf(rest)),
    },
    {
      name: "back",
      aliases: ["b"],
      usage: "[N]",
      help: "goes back by one execution, or N",
      run: (rest) => this.move(this.run.position - countOf(rest)),
    },
    {
      name: "goto",
      aliases: ["g"],
      usage: "N",
      help: "goes to after the Nth execution: 0 is where the body begins, `goto end` the end",
      run: (rest) => this.goTo(rest),
    },
    {
      name: "until",
      aliases: ["u"],
      usage: "CANISTER[.METHOD] | trap",
      help: "goes on until after the next execution there, or the next trap",
      takes: "canister",
      run: (rest) => this.until(rest),
    },
    {
      name: "list",
      aliases: ["l"],
      usage: "[all]",
      help: "the executions around here",
      run: (rest) => this.list(rest),
    },
    {
      name: "trace",
      aliases: ["t"],
      usage: "[ROWS | all]",
      help: "the messages up to here, as a diagram",
      run: (rest) => this.trace(rest),
    },
    {
      name: "query",
      aliases: ["q"],
      usage: "CANISTER METHOD [ARGS]",
      help: "asks a canister as it is here; ARGS in Candid text, such as '(5, \"a\")'",
      takes: "canister",
      run: (rest) => this.query(rest),
    },
    {
      name: "as",
      aliases: [],
      usage: "USER",
      help: "who asks from now on: a name of the run, or a principal",
      takes: "user",
      run: (rest) => this.as(rest),
    },
    {
      name: "state",
      aliases: ["s"],
      usage: "[CANISTER]",
      help: "cycles, status, memory, queues, open calls and log of a canister; or who there is, and who waits for whom",
      takes: "canister",
      run: (rest) => (rest === "" ? this.overview() : this.state(rest)),
    },
    { name: "choices", aliases: ["c"], usage: "", help: "what the schedule chose in this run", run: () => this.choices() },
    { name: "where", aliases: ["w"], usage: "", help: "the position, again", run: () => this.here() },
    { name: "help", aliases: ["h", "?"], usage: "", help: "this", run: () => this.help() },
  ];

  private commandOf(word: string): Command {
    const found = this.commands.find(({ name, aliases }) => name === word || aliases.includes(word));
    if (found !== undefined) return found;
    const names = this.commands.map(({ name }) => name).join(", ");
    throw new CanneryError("unknown-command", `there is no command ${JSON.stringify(word)}: there are ${names} and quit`);
  }

  // Stepping.

  private move(wanted: number): Answer {
    const { length, position } = this.run;
    const to = Math.min(length, Math.max(0, wanted));
    if (to === position) {
      const { text, data } = this.here();
      return { text: `This is the ${to === 0 ? "beginning" : "end"} of the run.\n${text}`, data };
    }
    this.run.to(to);
    return to - position > 1 ? this.passed(position) : this.here();
  }

  private goTo(rest: string): Answer {
    const to = rest === "end" ? this.run.length : rest === "start" ? 0 : wholeNumber(rest, "goto takes a position, such as goto 3");
    this.run.to(to);
    return this.here();
  }

  private until(rest: string): Answer {
    const { position } = this.run;
    if (rest === "")
      throw new CanneryError("bad-argument", "until takes a canister, such as until bank, until bank.withdraw, or until trap");
    const place = unquoted(rest);
    const isIt = place === "trap" ? isTrap : (step: Step): boolean => ranAt(step, place);
    const found = this.steps.slice(position).find(isIt);
    if (found === undefined) throw this.notReached(place, this.steps.slice(0, position).some(isIt));
    this.run.to(found.position);
    return this.passed(position);
  }

  private notReached(place: string, isBefore: boolean): CanneryError {
    const what = place === "trap" ? "nothing traps" : `nothing of ${place} runs`;
    const runners = [...new Set(this.steps.flatMap(({ ran }) => ran.map(({ canister }) => canister)))].join(", ");
    const advice = isBefore ? "It was before: go back, or goto 0" : place === "trap" ? "" : `Canisters that run are ${runners}`;
    return new CanneryError("not-reached", `${what} between here and the end, execution ${this.run.length}. ${advice}`.trim());
  }

  /** The position, and how many executions were passed on the way. */
  private passed(from: number): Answer {
    const { text, data } = this.here();
    const between = this.run.position - from - 1;
    return { text: between < 1 ? text : `… past ${between} ${between === 1 ? "execution" : "executions"}\n${text}`, data };
  }

  private here(): Answer {
    const { position, length, net } = this.run;
    const step = this.steps[position - 1];
    const data = { position, length, round: net.round, timeNanos: String(net.time), digest: net.digest() };
    if (step === undefined)
      return { text: `[0/${length}] where the body begins, round ${net.round}`, data: { ...data, ran: [], messages: [] } };
    const lines = step.lines.map((line) => `    ${line}`);
    const end = position === length ? endingText(this.run) : null;
    const text = [`[${position}/${length}] round ${net.round}: ${step.title}`, ...lines, ...(end === null ? [] : [end])].join("\n");
    return { text, data: { ...data, ran: step.ran, messages: step.lines } };
  }

  private list(rest: string): Answer {
    const { position } = this.run;
    const [first, last] = rest === "all" ? [0, this.run.length] : [position - AROUND, position + AROUND];
    const shown = this.steps.filter((step) => step.position >= first && step.position <= last);
    const width = String(this.run.length).length;
    const lines = shown.map((step) => `${step.position === position ? "▶" : " "} ${String(step.position).padStart(width)}  ${step.title}`);
    const start = position === 0 ? [`▶ ${"0".padStart(width)}  where the body begins`] : [];
    return {
      text: [...start, ...lines].join("\n"),
      data: { position, executions: shown.map(({ position: at, title }) => ({ position: at, title })) },
    };
  }

  private trace(rest: string): Answer {
    const rows = rest === "" ? TRACE_ROWS : rest === "all" ? null : wholeNumber(rest, "trace takes a number of rows, or all");
    const text = this.run.draw({ ...terminalWidth(), ...(rows === null ? {} : { first: 0, last: rows }) });
    return { text, data: { position: this.run.position, diagram: text } };
  }

  // Looking.

  private query(rest: string): Answer {
    const [canister, more] = firstWord(rest);
    const [method, args] = firstWord(more);
    if (canister === "" || method === "")
      throw new CanneryError("bad-argument", "query takes a canister, a method and arguments: query bank balance_of '(\"ann\")'");
    const id = this.names.canisterOf(canister);
    const name = this.session.nameOf(id);
    const described = this.session.interfaceOf(id);
    if (described === null) throw new CanneryError("no-code", `${name} has no code at this place of the run`);
    const called = methodOf(described.candid, name, method);
    if (called.mode === "update" || called.mode === "oneway") {
      const queries = this.names.queriesOf(canister).join(", ") || "none";
      throw new CanneryError(
        "not-a-query",
        `${name}.${method} changes things, and here nothing can be changed: ask a query (${name} has ${queries}). In a program, replay(…).net.fork() takes calls`,
      );
    }
    const arg = argumentOf(called, method, argsText(args));
    const view = this.run.net.canister(principalText(id));
    const reply = view.lookAt(method, arg, this.user === null ? {} : { sender: principalText(this.user) });
    const candid = answerText(reply, called, method);
    return { text: candid, data: { position: this.run.position, canister: name, method, candid } };
  }

  private as(rest: string): Answer {
    if (rest === "")
      throw new CanneryError("bad-argument", `as takes a user: ${this.names.users().join(", ")}, or the text of a principal`);
    this.user = this.names.principalOf(
      unquoted(rest),
      () => `nobody is called ${rest} in this run: there are ${this.names.users().join(", ")}; or give a principal`,
    );
    const name = this.session.nameOf(this.user);
    return { text: `Queries are ${name}'s from now on.`, data: { user: name, principal: principalText(this.user) } };
  }

  private state(rest: string): Answer {
    const shown = shownCanister(this.session, this.names.canisterOf(unquoted(rest)));
    return { text: canisterText(shown), data: { position: this.run.position, ...shown } };
  }

  private overview(): Answer {
    const canisters = this.names.canisters();
    const width = Math.max(0, ...canisters.map(({ name }) => name.length));
    const lines = canisters.map(({ name, id }) => `  ${name.padEnd(width)}  ${id}`);
    const waiting = this.session.whoWaits();
    return {
      text: ["Canisters:", ...lines, "Who waits:", waiting].join("\n"),
      data: { position: this.run.position, canisters, waiting: waiting.split("\n").map((line) => line.trim()) },
    };
  }

  private choices(): Answer {
    const { choices } = this.run;
    const text = choices.length === 0 ? "None: this is the ordinary schedule." : choices.map((choice) => `- ${choice}`).join("\n");
    return { text, data: { choices } };
  }

  private help(): Answer {
    const heads = this.commands.map(({ name, aliases, usage }) => `${[name, ...aliases].join(", ")} ${usage}`.trim());
    const width = Math.max(...heads.map((head) => head.length));
    const lines = this.commands.map(({ help }, i) => `${heads[i]!.padEnd(width)}  ${help}`);
    const data = this.commands.map(({ name, aliases, usage, help }) => ({ name, aliases, usage, help }));
    return { text: [...lines, `${"quit".padEnd(width)}  ends it`].join("\n"), data: { commands: data } };
  }
}

function isTrap({ lines, title }: Step): boolean {
  return title.endsWith(", and traps") || lines.some((line) => line.startsWith("✗"));
}

/** `bank`, or `bank.withdraw`: what ran is named by the method, also where it is that method's callback. */
function ranAt({ ran }: Step, place: string): boolean {
  return ran.some(({ canister, method }) => place === canister || place === `${canister}.${method}`);
}
