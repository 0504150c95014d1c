import { manyCounters } from "./many-canisters.ts";
import { newNetwork } from "./network-support.ts";
const n=+process.argv[2]!;
const net=await newNetwork();
const cs = await manyCounters(net, n, console.log);
for (let r=0;r<12;r++){ const t=performance.now(); for(let i=0;i<3000;i++) await cs[5]!.actor.inc(); console.log(((performance.now()-t)/3).toFixed(1),"us"); }
