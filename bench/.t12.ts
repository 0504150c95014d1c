import { newNetwork } from "./network-support.ts";
import { loadGenerated } from "../examples/modules.ts";
const net=await newNetwork();
const counter = await net.install<any>(loadGenerated("counter"));
const { actor: relay } = await net.install<any>(loadGenerated("kernels-relay"), { args: [counter.id] });
if (process.argv[2]!=="0") for (let i=0;i<+process.argv[2]!;i++) await relay.inc();
for(let r=0;r<30;r++){const t=performance.now(); for(let i=0;i<20;i++) await relay.incTimes(100n); const m=process.memoryUsage(); if(r%3==0||r>24) console.log((2000/(performance.now()-t)*1000).toFixed(0), "heap",m.heapUsed/2**20|0,"ext",m.external/2**20|0, "ab", m.arrayBuffers/2**20|0);}
