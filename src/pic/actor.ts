/**
 * Actors as `@dfinity/pic` makes them, from an interface factory: methods that answer, and deferred ones that only submit.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";

export type ActorMethod<Args extends any[] = any[], Ret = any> = (...args: Args) => Promise<Ret>;
export type ActorInterface<T = object> = { [K in keyof T]: ActorMethod };

/** What can give a principal: identities of `@icp-sdk/core`, of any version, and of Cannery. */
export interface HasPrincipal {
  getPrincipal(): Principal;
}

interface BySender {
  setPrincipal(principal: Principal): void;
  setIdentity(identity: HasPrincipal): void;
}

export type Actor<T extends ActorInterface<T> = ActorInterface> = T & BySender;

export type DeferredActorMethod<Args extends unknown[] = unknown[], Ret = unknown> = (...args: Args) => Promise<() => Promise<Ret>>;
export type DeferredActorInterface<T extends ActorInterface<T> = ActorInterface> = {
  [K in keyof T]: DeferredActorMethod<Parameters<T[K]>, ReturnType<T[K]>>;
};
export type DeferredActor<T extends ActorInterface<T> = ActorInterface> = DeferredActorInterface<T> & BySender;

/** How methods of a canister are called. */
export interface Calls {
  query(sender: Principal, method: string, arg: Uint8Array): Promise<Uint8Array>;
  update(sender: Principal, method: string, arg: Uint8Array): Promise<Uint8Array>;
  /** Submits, and gives what waits for the answer. */
  submit(sender: Principal, method: string, arg: Uint8Array): Promise<() => Promise<Uint8Array>>;
}

export function createActor<T extends ActorInterface<T>>(factory: IDL.InterfaceFactory, calls: Calls): Actor<T> {
  return actorOf(factory, ({ func, method, sender }) => async (...args: unknown[]) => {
    const arg = encoded(func, args);
    const isQuery = func.annotations.includes("query") || func.annotations.includes("composite_query");
    return decoded(func, isQuery ? await calls.query(sender(), method, arg) : await calls.update(sender(), method, arg));
  }) as Actor<T>;
}

export function createDeferredActor<T extends ActorInterface<T>>(factory: IDL.InterfaceFactory, calls: Calls): DeferredActor<T> {
  return actorOf(factory, ({ func, method, sender }) => async (...args: unknown[]) => {
    const answer = await calls.submit(sender(), method, encoded(func, args));
    return async () => decoded(func, await answer());
  }) as DeferredActor<T>;
}

interface Described {
  readonly func: IDL.FuncClass;
  readonly method: string;
  sender(): Principal;
}

function actorOf(factory: IDL.InterfaceFactory, methodOf: (of: Described) => unknown): object {
  let principal = Principal.anonymous();
  const actor: Record<string, unknown> = {
    setPrincipal(to: Principal) {
      principal = Principal.from(to);
    },
    setIdentity(identity: HasPrincipal) {
      principal = Principal.fromUint8Array(identity.getPrincipal().toUint8Array());
    },
  };
  for (const [method, func] of factory({ IDL })._fields) actor[method] = methodOf({ func, method, sender: () => principal });
  return actor;
}

function encoded(func: IDL.FuncClass, args: unknown[]): Uint8Array {
  return new Uint8Array(IDL.encode(func.argTypes, args));
}

/** No result is `null`, one is itself, several are an array. */
function decoded(func: IDL.FuncClass, reply: Uint8Array): unknown {
  const values = IDL.decode(func.retTypes, reply);
  return values.length === 0 ? null : values.length === 1 ? values[0] : values;
}
