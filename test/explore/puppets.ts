/** Universal canisters in a network as users make it: programs in, texts out. */
import { Cannery, type CanneryOptions } from "../../src/index.ts";
import type { Canister } from "../../src/network/canister.ts";
import type { Cannery as Network } from "../../src/network/cannery.ts";
import { principalId } from "../../src/network/principals.ts";
import { universalCanister, type Hook } from "../universal/module.ts";
import { call, journal, passOn, reply, type CallOptions, type Program } from "../universal/program.ts";

const decoder = new TextDecoder();

export class Puppet {
  readonly canister: Canister;

  constructor(canister: Canister) {
    this.canister = canister;
  }

  /** For programs. */
  get id() {
    return principalId(this.canister);
  }

  /** Has it run a program: the reply as text, or why it was rejected. */
  async run(what: Program): Promise<string> {
    try {
      return decoder.decode(await this.canister.call("run", what));
    } catch (error) {
      return `rejected: ${(error as Error).message.split("\n")[0]}`;
    }
  }

  /** Has it call another one, and pass on what that answers: `+…`, or `-` and the reject code and text. */
  calls(other: Puppet, options: CallOptions): Promise<string> {
    return this.run(call(other.id, { ...passOn, ...options }));
  }

  /** What it noted so far. */
  get journal(): string {
    return decoder.decode(this.canister.lookAt("look", reply(journal)));
  }
}

export async function puppet(
  net: Network,
  given: { readonly name?: string; readonly subnet?: number; readonly hooks?: readonly Hook[] } = {},
) {
  const subnet = net.subnets[given.subnet ?? 0]!;
  return new Puppet(await net.install(universalCanister(given.hooks ?? []), { name: given.name ?? "puppet", subnet }));
}

/** Three of them: `a` and `b` on one subnet, `far` on another. */
export async function puppets(options: CanneryOptions = {}) {
  const net = await Cannery.create({ application: 2, checkInvariants: true, print: false, ...options });
  const a = await puppet(net, { name: "a" });
  const b = await puppet(net, { name: "b" });
  const far = await puppet(net, { name: "far", subnet: 1 });
  return { net, a, b, far };
}
