import { manyCounters } from "./many-canisters.ts";
import { newNetwork } from "./network-support.ts";
const n=+process.argv[2]!;
const net=await newNetwork();
for(let k=0;k<n/500;k++){ const t=performance.now(); await manyCounters(net, 500, ()=>{}); const m=process.memoryUsage(); console.log(k*500,((performance.now()-t)/500).toFixed(2),"ms each; rss", m.rss/2**20|0,"ext",m.external/2**20|0,"ab",m.arrayBuffers/2**20|0,"heap",m.heapUsed/2**20|0); }
