/**
 * Actors as `@dfinity/pic` makes them, from an interface factory: methods that answer, and deferred ones that only submit. As there, what is made is
 * a class, whose instances share their sender.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import type { CanisterCallRequest, PocketIcClient } from "./client.ts";

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

/** The package's type stands for the class and for what is made of it. */
export type Actor<T extends ActorInterface<T> = ActorInterface> = T & BySender & { new (): Actor<T> };

export type DeferredActorMethod<Args extends unknown[] = unknown[], Ret = unknown> = (...args: Args) => Promise<() => Promise<Ret>>;
export type DeferredActorInterface<T extends ActorInterface<T> = ActorInterface> = {
  [K in keyof T]: DeferredActorMethod<Parameters<T[K]>, ReturnType<T[K]>>;
};
export type DeferredActor<T extends ActorInterface<T> = ActorInterface> = DeferredActorInterface<T> &
  BySender & { new (): DeferredActor<T> };

/** A class for the canister: its instances have the methods that the interface names. */
export function createActorClass<T extends ActorInterface<T> = ActorInterface>(
  interfaceFactory: IDL.InterfaceFactory,
  canisterId: Principal,
  pocketIcClient: PocketIcClient,
): Actor<T> {
  return actorClass<Actor<T>>(interfaceFactory, canisterId, (func, request) => {
    const isQuery = func.annotations.includes("query") || func.annotations.includes("composite_query");
    return async (...args) => {
      const { body } = await (isQuery ? pocketIcClient.queryCall(request(args)) : pocketIcClient.updateCall(request(args)));
      return decoded(func, body);
    };
  });
}

/** Methods of its instances only submit; what they give waits for the answer. */
export function createDeferredActorClass<T extends ActorInterface<T> = ActorInterface>(
  interfaceFactory: IDL.InterfaceFactory,
  canisterId: Principal,
  pocketIcClient: PocketIcClient,
): DeferredActor<T> {
  return actorClass<DeferredActor<T>>(interfaceFactory, canisterId, (func, request) => async (...args) => {
    const message = await pocketIcClient.submitCall(request(args));
    return async () => decoded(func, (await pocketIcClient.awaitCall(message)).body);
  });
}

type Requests = (args: unknown[]) => CanisterCallRequest;

function actorClass<C>(
  interfaceFactory: IDL.InterfaceFactory,
  canisterId: Principal,
  methodOf: (func: IDL.FuncClass, request: Requests) => (...args: unknown[]) => Promise<unknown>,
): C {
  let sender = Principal.anonymous();
  class CanisterActor {
    setPrincipal(principal: Principal): void {
      sender = principal;
    }

    setIdentity(identity: HasPrincipal): void {
      sender = identity.getPrincipal();
    }
  }
  for (const [method, func] of interfaceFactory({ IDL })._fields) {
    const request: Requests = (args) => ({ canisterId, sender, method, payload: encoded(func, args) });
    // A method of the canister wins over one of ours with its name.
    Object.assign(CanisterActor.prototype, { [method]: methodOf(func, request) });
  }
  return CanisterActor as C;
}

function encoded(func: IDL.FuncClass, args: unknown[]): Uint8Array {
  return new Uint8Array(IDL.encode(func.argTypes, args));
}

/** No result is `null`, one is itself, several are an array. */
function decoded(func: IDL.FuncClass, reply: Uint8Array): unknown {
  const values = IDL.decode(func.retTypes, reply);
  return values.length === 0 ? null : values.length === 1 ? values[0] : values;
}
