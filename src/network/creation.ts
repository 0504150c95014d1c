/**
 * How canisters come into a network: empty, with code, with a test behind them, or as they were elsewhere.
 */
import { NO_BYTES } from "../base/bytes.ts";
import { route } from "../core/state/world.ts";
import { Canister, type InstallArguments } from "./canister.ts";
import { cyclesOf } from "./given.ts";
import { createdId, createRequest, settingsRequest } from "./management.ts";
import { interfaceOfCandid } from "./module-interface.ts";
import { loadModule, type ModuleSource } from "./module-source.ts";
import type { MockHandlers } from "./mocks/context.ts";
import { Mock, mockSource } from "./mocks/mock.ts";
import { mockModule } from "./mocks/module.ts";
import { settingsAtCreation, type CreateOptions, type InstallOptions } from "./options.ts";
import { checkCanisterOptions } from "./options-check.ts";
import { principalId, senderOf } from "./principals.ts";
import type { Session } from "./session.ts";
import { subnetId } from "./subnets.ts";

/** See `Cannery.createCanister`. */
export async function createEmpty<T>(session: Session, options: CreateOptions): Promise<Canister<T>> {
  checkCanisterOptions(options, "create");
  return controlled(session, options, await created<T>(session, options, "canister"));
}

/** See `Cannery.install`. */
export async function createInstalled<T>(session: Session, module: ModuleSource, options: InstallOptions): Promise<Canister<T>> {
  checkCanisterOptions(options, "install");
  const { bytes, stem } = await loadModule(module, session.host);
  const canister = await created<T>(session, options, stem ?? "canister");
  const { arg, args } = options;
  const given: InstallArguments = { ...(arg === undefined ? {} : { arg }), ...(args === undefined ? {} : { args }) };
  await session.installBytes(principalId(canister.id), { kind: "install" }, bytes, given, senderOf(options));
  return controlled(session, options, canister);
}

/** See `Cannery.mock`. */
export async function createMock<T>(
  session: Session,
  of: ModuleSource,
  handlers: MockHandlers<NoInfer<T>>,
  options: CreateOptions,
): Promise<Mock<T>> {
  checkCanisterOptions(options, "create");
  const { candid, stem } = await mockSource(of, session.host);
  const canister = await created<T>(session, options, stem ?? "mock");
  const [id, sender] = [principalId(canister.id), senderOf(options)];
  const described = interfaceOfCandid(candid, null, session.nameOf(id));
  await session.installBytes(id, { kind: "install" }, mockModule(candid, [...described.methods.values()]), { arg: NO_BYTES }, sender);
  session.mocks.define(id, described, handlers);
  await controlled(session, options, canister);
  return new Mock<T>(session, id, sender);
}

/** See `Cannery.importSnapshot`. */
export async function createImported<T>(session: Session, folder: string, options: CreateOptions): Promise<Canister<T>> {
  checkCanisterOptions(options, "create");
  const canister = await created<T>(session, options, "canister");
  const snapshot = await canister.snapshots.upload(folder);
  await canister.snapshots.load(snapshot);
  await canister.snapshots.delete(snapshot);
  return controlled(session, options, canister);
}

async function created<T>(session: Session, options: CreateOptions, name: string): Promise<Canister<T>> {
  const { state } = session.core;
  const sender = senderOf(options);
  const wanted = options.id === undefined ? null : principalId(options.id);
  const subnet = wanted !== null && options.subnet === undefined ? route(state, wanted) : subnetId(state, options.subnet);
  const cycles = options.cycles === undefined ? null : cyclesOf(options.cycles);
  const request = createRequest(sender, { subnet, id: wanted, cycles, settings: settingsAtCreation(options) });
  const id = createdId(await session.execute(request));
  session.names.give(id, options.name ?? name);
  return new Canister<T>(session, id, sender);
}

/** Controllers are set last, so that the sender can install what others will control. */
async function controlled<C extends Canister<any>>(session: Session, options: CreateOptions, canister: C): Promise<C> {
  const controllers = options.controllers ?? options.settings?.controllers;
  if (controllers !== undefined) await session.execute(settingsRequest(senderOf(options), principalId(canister.id), { controllers }));
  return canister;
}
