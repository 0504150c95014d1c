/**
 * A mock canister as a test holds it: a canister like any other, whose handlers can be replaced and whose calls are recorded.
 */
import { CanneryError } from "../../base/cannery-error.ts";
import { decodeUtf8 } from "../../base/utf8.ts";
import { Canister } from "../canister.ts";
import type { AnyService } from "../actor.ts";
import type { Host } from "../host.ts";
import { interfaceOfUpload } from "../module-interface.ts";
import { loadModule, type ModuleSource } from "../module-source.ts";
import type { MockCall, MockHandlers } from "./context.ts";

/** A canister that the test stands behind. */
export class Mock<T = AnyService> extends Canister<T> {
  /** Every call so far, in the order in which the handlers were called. Goes back with the network. */
  get calls(): readonly MockCall[] {
    return this.net.mocks.callsOf(this.canisterId);
  }

  /** The calls of one method. */
  callsOf(method: keyof T & string): readonly MockCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  /** Adds handlers, or replaces them, from now on. */
  on(handlers: MockHandlers<T>): this {
    this.net.mocks.setHandlers(this.canisterId, handlers);
    return this;
  }

  /** Forgets the calls so far. */
  forgetCalls(): void {
    this.net.mocks.callsOf(this.canisterId).length = 0;
  }
}

/** The description a mock is made of: Candid text, the path of a `.did` file, or a module that carries its own. */
export async function mockSource(source: ModuleSource, host: Host): Promise<{ readonly candid: string; readonly stem: string | null }> {
  if (typeof source === "string" && isCandid(source)) return { candid: source, stem: null };
  if (typeof source === "string" && source.endsWith(".did")) return didFile(source, host);
  const { bytes, stem } = await loadModule(source, host);
  const described = interfaceOfUpload(bytes, host.environment, stem ?? "the module");
  if (described !== null) return { candid: described.candid, stem };
  throw new CanneryError(
    "no-candid",
    "a mock needs a Candid description, and the module carries none (custom section candid:service): give the text of its .did file, or its path",
  );
}

/** Candid text, not a path: it says `service`, and has a bracket. */
function isCandid(text: string): boolean {
  return /\bservice\b[^]*\{/u.test(text);
}

async function didFile(path: string, { files }: Host): Promise<{ readonly candid: string; readonly stem: string }> {
  if (files === null)
    throw new CanneryError("no-files", `there is no file system here: give the text of ${JSON.stringify(path)} instead of its path`);
  const absolute = files.resolve(null, path);
  if (!(await files.isFile(absolute)))
    throw new CanneryError(
      "no-such-file",
      `there is no file ${absolute}: give its path relative to the working directory, or the Candid text itself`,
    );
  const candid = decodeUtf8(await files.read(absolute));
  if (candid === null) throw new CanneryError("bad-candid", `${absolute} is not UTF-8 text`);
  return { candid, stem: files.stemOf(absolute) };
}
