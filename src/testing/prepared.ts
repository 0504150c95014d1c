/**
 * A network for every test of a file, at the price of one: what the tests have in common is set up once, and each test gets the network as it was then,
 * by a snapshot. Coming back to it costs what the test before has touched.
 */
import type { Cannery } from "../network/cannery.ts";
import type { CanneryOptions, NetworkSnapshot } from "../network/options.ts";

/** What a test gets: the network, and what the setup returned. */
export type World<S> = S & { readonly net: Cannery };

/** Call it at the beginning of each test. */
export interface Prepared<S> {
  /** The network as the setup left it, and what the setup returned. Whatever went on in it before is given up. One test at a time. */
  (): Promise<World<S>>;
}

/** `create` is the entry's own. */
export function prepared<S extends object>(
  create: (options: CanneryOptions) => Promise<Cannery>,
  setup: (net: Cannery) => Promise<S | void> | S | void,
  options: CanneryOptions,
): Prepared<S> {
  let made: Promise<{ readonly world: World<S>; readonly snapshot: NetworkSnapshot }> | null = null;
  const make = async () => {
    const net = await create(options);
    const given = (await setup(net)) ?? ({} as S);
    await net.settle();
    return { world: { ...given, net }, snapshot: net.snapshot() };
  };
  return async () => {
    if (made === null) return (await (made = make())).world;
    const { world, snapshot } = await made;
    const { net } = world;
    net.live(false);
    net.manual(false);
    net.restore(snapshot);
    return world;
  };
}
