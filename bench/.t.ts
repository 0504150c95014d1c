import { newNetwork } from "./network-support.ts";
import { loadGenerated } from "../examples/modules.ts";
const net = await newNetwork();
const mb = +process.argv[2]!;
  const c = await net.install<any>(loadGenerated("kernels-heap"));
  for (let d=0; d<mb; d+=32) { await c.actor.fill(BigInt(Math.min(32, mb-d))); }
for (let r=0;r<25;r++) {
  let t=performance.now();
  for (let i=0;i<2000;i++) await c.actor.touch();
  const us=(performance.now()-t)/2000*1000;
  console.log(mb, us.toFixed(1));
}
