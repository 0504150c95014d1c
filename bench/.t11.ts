import { newNetwork } from "./network-support.ts";
import { loadGenerated } from "../examples/modules.ts";
const net=await newNetwork();
const counter = await net.install<any>(loadGenerated("counter"));
const { actor: relay } = await net.install<any>(loadGenerated("kernels-relay"), { args: [counter.id] });
for (let i=0;i<50;i++) await relay.inc();
const ev:any[]=[]; const off=net.on("event",e=>ev.push(e)); const r0=net.round; await relay.inc(); off(); console.log("rounds",net.round-r0, ev.map(e=>e.kind+(e.entry?":"+e.entry+" "+e.instructions:"")).join(" | "));
for(let r=0;r<10;r++){const t=performance.now(); for(let i=0;i<2000;i++) await relay.inc(); console.log((2000/(performance.now()-t)*1000).toFixed(0));}
