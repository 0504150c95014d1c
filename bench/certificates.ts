/**
 * `certificateIndependence`: the time of a certificate after one update in a network of 10,000 Motoko canisters over that in a network of 10. It must cost
 * what changed. `certificateMilliseconds` is the certificate of that update itself: nearly all of it is the subnet's signature.
 */
import type { Canister } from "../src/network/canister.ts";
import type { Cannery } from "../src/network/cannery.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { manyCounters, type Counter } from "./many-canisters.ts";
import { median, rounded, timed } from "./measure.ts";
import { newNetwork } from "./network-support.ts";

/** Milliseconds of a certificate of the counter's last call. */
async function oneCertificate(net: Cannery, counter: Canister<Counter>): Promise<number> {
  const call = counter.submit("inc");
  await call;
  const id = Uint8Array.from(Buffer.from(call.id, "hex"));
  return timed(() => net.readState(counter, [["request_status", id]]));
}

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const small = await newNetwork();
  const few = await manyCounters(small, 10, progress);
  const large = await newNetwork();
  const many = await manyCounters(large, isQuick ? 1000 : 10_000, progress);
  progress(`  the first certificate of ${many.length} canisters ${timed(() => large.readState(many[0]!)).toFixed(1)} ms`);
  const times: { readonly few: number; readonly many: number }[] = [];
  for (let turn = 0; turn < (isQuick ? 20 : 200); turn++) {
    times.push({
      few: await oneCertificate(small, few[turn % few.length]!),
      many: await oneCertificate(large, many[(turn * 7) % many.length]!),
    });
  }
  // The first half warms up.
  const steady = times.slice(times.length >> 1);
  const [amongFew, amongMany] = [median(steady.map(({ few }) => few)), median(steady.map(({ many }) => many))];
  progress(`  one after an update ${amongMany.toFixed(2)} over ${amongFew.toFixed(2)} ms`);
  return { certificateIndependence: rounded(amongMany / amongFew), certificateMilliseconds: rounded(amongMany) };
}

export const certificates: Figure = {
  name: "certificateIndependence",
  aim: { kind: "at most", value: 1.2, of: (results) => results["certificateIndependence"] as number },
  nodeFlags: [],
  measure,
};
