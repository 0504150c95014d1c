/**
 * Sees that the process's main thread does not come back: a loop without an end that waits for nothing lets no timer of its own run, so a second thread looks.
 * Where the main thread has made no sign for too long, that thread halts it as a debugger does, and has it say, in the middle of its loop, where it is.
 *
 * One thread for the process, started with the first watch. None where a debugger is there already: whoever stands at a breakpoint is not stuck.
 */
import inspector from "node:inspector";
import { isMainThread, Worker } from "node:worker_threads";
import type { Watch, Watched } from "../network/host.ts";
import { framesOf, isInCanister } from "./stack.ts";

/** Words of the memory that both threads see. */
const BEATS = 0;
/** Milliseconds without a sign after which somebody looks; 0 while nobody watches. */
const PATIENCE = 1;

/** Milliseconds between two signs of the main thread's event loop. */
const BEAT_MILLIS = 250;
/** Deep enough for a loop in a library. */
const FRAMES = 40;
/** What the second thread calls here, whatever realm the loop is in. */
const HOOK = Symbol.for("cannery.watchdog");

const { setInterval, clearInterval } = globalThis;

let shared: Int32Array | null = null;
let watched: Watched | null = null;

export function watch(given: Watched): Watch | null {
  if (!isMainThread || watched !== null || inspector.url() !== undefined) return null;
  const words = (shared ??= startThread());
  watched = given;
  const beat = (): void => void Atomics.add(words, BEATS, 1);
  const timer = setInterval(beat, BEAT_MILLIS).unref();
  Atomics.store(words, PATIENCE, given.milliseconds);
  return {
    beat,
    end: () => {
      Atomics.store(words, PATIENCE, 0);
      clearInterval(timer);
      watched = null;
    },
  };
}

function startThread(): Int32Array {
  const words = new Int32Array(new SharedArrayBuffer(8));
  (globalThis as { [HOOK]?: typeof look })[HOOK] = look;
  new Worker(THREAD, { eval: true, workerData: words, stdout: false, stderr: false, execArgv: [] }).unref();
  return words;
}

/**
 * Called in the main thread, wherever it is. `beats`: when the second thread became suspicious. `times`: how often it has asked by now. The answer is whether it knows
 * enough: that the main thread goes on after all, or where it is.
 */
function look(beats: number, times: number): boolean {
  if (watched === null || Atomics.load(shared!, BEATS) !== beats) return true;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  // A long execution of a canister has its own limit; being asked makes it slower.
  if (isInCanister(stack)) return times >= MOST_IN_CANISTER;
  const frames = framesOf(stack);
  // A loop of promises is nowhere most of the time.
  if (frames.length === 0 && times < MOST) return false;
  watched.onStuck(frames);
  return true;
}

/** Questions until one is content with not knowing where. */
const MOST = 60;
const MOST_IN_CANISTER = 3;

/** Ours, in words that Node runs anywhere: from sources, from the package, from a bundle. */
const THREAD = `
const { workerData: words } = require("node:worker_threads");
const { Session } = require("node:inspector");
const TICK = 250;
let last = -1, quiet = 0, isAsking = false;
setInterval(() => {
  const patience = Atomics.load(words, ${PATIENCE}), beats = Atomics.load(words, ${BEATS});
  if (patience === 0 || beats !== last) { last = beats; quiet = 0; return; }
  quiet += TICK;
  if (quiet < patience || isAsking) return;
  quiet = 0;
  ask(beats);
}, TICK);
function ask(beats) {
  isAsking = true;
  let times = 0, isPaused = false;
  const session = new Session();
  session.connectToMainThread();
  session.on("Debugger.paused", ({ params: { callFrames: [{ callFrameId }] } }) => {
    isPaused = true;
    const expression = 'globalThis[Symbol.for("cannery.watchdog")]?.(' + beats + ", " + ++times + ") ?? true";
    session.post("Debugger.evaluateOnCallFrame", { callFrameId, expression, returnByValue: true }, (error, answer) => {
      const isKnown = error !== null || answer.exceptionDetails !== undefined || answer.result.value === true;
      session.post("Debugger.resume", () => { isPaused = false; });
      if (!isKnown) return;
      clearInterval(timer);
      session.post("Debugger.disable", () => { session.disconnect(); isAsking = false; });
    });
  });
  session.post("Debugger.enable");
  // Again and again: a request that comes while the thread is being resumed is lost.
  const timer = setInterval(() => { if (!isPaused) session.post("Debugger.pause"); }, 23);
}
`;
