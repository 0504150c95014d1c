/**
 * Names of principals, for people: in drawings, in errors.
 */
import { ANONYMOUS, MANAGEMENT_CANISTER, type PrincipalId } from "../core/state/ids.ts";

export class Names {
  private readonly byId: Map<PrincipalId, string>;
  private readonly owners: Map<string, PrincipalId>;
  /** Last number added to each name that was wanted more than once. */
  private readonly numbers: Map<string, number>;

  constructor(from: Names | null = null) {
    this.byId = new Map(from?.byId);
    this.owners = new Map(from?.owners);
    this.numbers = new Map(from?.numbers);
  }

  /** Gives a name; a number is added where another principal has it already. Returns the name given. */
  give(id: PrincipalId, wanted: string): string {
    const old = this.byId.get(id);
    if (old !== undefined) this.owners.delete(old);
    let name = wanted;
    let number = this.numbers.get(wanted) ?? 1;
    while (this.owners.has(name)) name = `${wanted} ${++number}`;
    if (number > 1) this.numbers.set(wanted, number);
    this.byId.set(id, name);
    this.owners.set(name, id);
    return name;
  }

  /** The given name; `user` for the anonymous user, `management` for the management canister; else `null`. */
  get(id: PrincipalId): string | null {
    const name = this.byId.get(id);
    if (name !== undefined) return name;
    if (id === ANONYMOUS) return "user";
    return id === MANAGEMENT_CANISTER ? "management" : null;
  }

  /** All that were given, by id. */
  get given(): ReadonlyMap<PrincipalId, string> {
    return this.byId;
  }

  copy(): Names {
    return new Names(this);
  }
}
