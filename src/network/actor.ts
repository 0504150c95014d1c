/**
 * Actors: a canister's methods as functions, made at run time from its own Candid.
 */
import { CanneryError } from "../base/cannery-error.ts";
import type { MethodCodec } from "./method-codec.ts";
import type { ModuleInterface } from "./module-interface.ts";

/** Any service: what an actor is where no static type is given. */
export type AnyService = Record<string, (...args: any[]) => Promise<any>>;

/** The methods of a service as plain functions. */
export type Looking<T> = { readonly [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never };

/** What an actor needs to know of its canister. */
export interface ActorTarget {
  /** The canister as people know it. */
  readonly name: string;
  /** As the canister is now; `null` when it has no code. Refuses when its code has no description. */
  interface(): ModuleInterface | null;
  invoke(codec: MethodCodec, values: readonly unknown[]): Promise<unknown>;
  /** A query on the state as it is. */
  look(codec: MethodCodec, values: readonly unknown[]): unknown;
  /** Calls a method of a canister without code, or of none at all: the platform refuses, in its own words. */
  invokeNobody(method: string): Promise<unknown>;
}

/**
 * Names that JavaScript and test frameworks look for on any object: they are methods only when the service has them. An actor
 * is never a promise, so that it can be returned from an async function.
 */
const FOREIGN = /^(then|catch|finally|toJSON|constructor|asymmetricMatch|nodeType|tagName|inspect|\$\$typeof|@@.*|_.*)$/u;

export function makeActor<T>(target: ActorTarget): T {
  let current: ModuleInterface | null = null;
  let functions = new Map<string, (...values: unknown[]) => Promise<unknown>>();
  const functionOf = (name: string): ((...values: unknown[]) => Promise<unknown>) | undefined => {
    const now = target.interface();
    if (now !== current) {
      current = now;
      functions = new Map();
    }
    let found = functions.get(name);
    if (found !== undefined) return found;
    if (now === null) return () => target.invokeNobody(name);
    const codec = now.methods.get(name);
    if (codec === undefined) return undefined;
    found = (...values) => target.invoke(codec, values);
    functions.set(name, found);
    return found;
  };
  return new Proxy(Object.create(null) as object, {
    get(_object, name) {
      if (typeof name === "symbol" || name === "then") return undefined;
      if (FOREIGN.test(name)) return target.interface()?.methods.has(name) === true ? functionOf(name) : undefined;
      return functionOf(name) ?? (() => Promise.reject(noSuchMethod(name, target)));
    },
    has: (_object, name) => typeof name === "string" && target.interface()?.methods.has(name) === true,
    ownKeys: () => [...(target.interface()?.methods.keys() ?? [])],
    getOwnPropertyDescriptor(_object, name) {
      const isMethod = typeof name === "string" && target.interface()?.methods.has(name) === true;
      const value = isMethod ? functionOf(name) : undefined;
      return value === undefined ? undefined : { value, enumerable: true, configurable: true };
    },
  }) as T;
}

/** The queries of a service as functions that answer at once. */
export function makeLook<T>(target: ActorTarget): Looking<T> {
  return new Proxy(Object.create(null) as object, {
    get(_object, name) {
      if (typeof name === "symbol" || name === "then" || FOREIGN.test(name)) return undefined;
      return (...values: unknown[]) => {
        const codec = target.interface()?.methods.get(name);
        if (codec === undefined) throw noSuchMethod(name, target);
        if (!codec.isQuery)
          throw new CanneryError(
            "not-a-query",
            `${target.name}.${name} is an update: only queries can be looked at without running the network`,
          );
        return target.look(codec, values);
      };
    },
  }) as Looking<T>;
}

/** Refuses a method that the description does not have, listing those it has. */
export function noSuchMethod(name: string, target: ActorTarget): CanneryError {
  const methods = [...(target.interface()?.methods.values() ?? [])].map(
    (codec) => `  ${codec.name} ${codec.argsText}${codec.mode === "update" ? "" : ` ${codec.mode}`}`,
  );
  return new CanneryError(
    "no-such-method",
    `${target.name} has no method ${JSON.stringify(name)} in its Candid description. ${methods.length === 0 ? "It has no methods." : `It has:\n${methods.join("\n")}`}`,
  );
}
