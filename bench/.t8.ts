import { newNetwork } from "./network-support.ts";
import { loadGenerated } from "../examples/modules.ts";
const net=await newNetwork();
const which=process.argv[2];
if (which==="update"){ const c=await net.install<any>(loadGenerated("counter")); for(let r=0;r<8;r++){const t=performance.now(); for(let i=0;i<10000;i++) await c.actor.inc(); console.log((1e4/(performance.now()-t)*1000).toFixed(0));} }
else { const a=await net.install<any>(loadGenerated("parallel-calls-caller")), b=await net.install<any>(loadGenerated("parallel-calls-callee"));
 const n=which==="one"?1:100; for(let r=0;r<8;r++){const t=performance.now(); for(let i=0;i<6000/n;i++) await a.actor.sequential(b.id,BigInt(n)); console.log((6000/(performance.now()-t)*1000).toFixed(0));} }
