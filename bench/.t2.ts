import { newNetwork } from "./network-support.ts";
import { loadGenerated } from "../examples/modules.ts";
const net = await newNetwork();
const mb = +process.argv[2]!;
const c = await net.install<any>(loadGenerated("kernels-heap"));
for (let d=0; d<mb; d+=32) { await c.actor.fill(BigInt(Math.min(32, mb-d))); }
for (let r=0;r<10;r++) {
  let t=performance.now();
  for (let i=0;i<2000;i++) await c.actor.touch();
  const us=(performance.now()-t)/2000*1000;
  const sub:any=[...net.state.subnets.values()][0]; const can=[...sub.canisters.values()].at(-1) as any;
  const m=process.memoryUsage();
  console.log(mb, us.toFixed(1), "us; pages", can.execution.heap.wasmPages, can.execution.heap.pageCount, "ext", m.external/2**20|0, "ab", m.arrayBuffers/2**20|0, "heap", m.heapUsed/2**20|0);
}
