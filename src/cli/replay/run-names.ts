/**
 * Who is who in a run, where it stands: canisters and users by their names.
 */
import { CanneryError } from "../../base/cannery-error.ts";
import { ANONYMOUS, type PrincipalId } from "../../core/state/ids.ts";
import type { Cannery } from "../../network/cannery.ts";
import { principalId } from "../../network/principals.ts";
import type { Session } from "../../network/session.ts";
import { methodsOf } from "../candid-call.ts";

export class RunNames {
  private readonly net: Cannery;
  private readonly session: Session;

  constructor(net: Cannery, session: Session) {
    this.net = net;
    this.session = session;
  }

  canisters(): { readonly name: string; readonly id: string }[] {
    return this.net.canisterIds.map((id) => ({ name: this.net.nameOf(id), id }));
  }

  /** Refuses what is no canister here, naming those that are. */
  canisterOf(name: string): PrincipalId {
    const names = (): string => this.canisters().map((one) => one.name).join(", "); // prettier-ignore
    const id = this.principalOf(name, () => `there is no canister ${name} here: there are ${names()}`);
    this.session.canisterState(id);
    return id;
  }

  users(): string[] {
    const canisters = new Set(this.canisters().map(({ name }) => name));
    return ["user", ...[...this.session.names.given.values()].filter((name) => !canisters.has(name))];
  }

  /** Refuses, in the words given, what is neither a name of the run nor a principal. */
  principalOf(name: string, refusal: () => string): PrincipalId {
    if (name === "user") return ANONYMOUS;
    for (const [id, given] of this.session.names.given) if (given === name) return id;
    try {
      return principalId(name);
    } catch (cause) {
      throw new CanneryError("no-such-name", refusal(), { cause });
    }
  }

  /** Methods of a canister that change nothing. */
  queriesOf(canister: string): string[] {
    const described = this.canisters().some(({ name }) => name === canister) ? this.session.interfaceOf(this.canisterOf(canister)) : null;
    if (described === null) return [];
    return [...methodsOf(described.candid)].filter(([, { mode }]) => mode !== "update" && mode !== "oneway").map(([name]) => name);
  }
}
