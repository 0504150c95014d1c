import { Cannery } from "../src/network/cannery.ts";
import { nodeHost } from "../src/host/node-host.ts";
import { InstancePool } from "../src/core/canister/instances.ts";
import { ModuleCache } from "../src/core/wasm/prepare.ts";
import { nodePlatform } from "../src/host/platform-node.ts";
import { loadGenerated } from "../examples/modules.ts";
const shared = process.argv[3]==="shared";
function patch(b: Uint8Array) { const o=b.slice(); let at=8; while(at<o.length){ const id=o[at++]!; let size=0,sh=0,x; do{x=o[at++]!; size|=(x&127)<<sh; sh+=7;}while(x&128); if(id===5){ if(o[at]===1&&o[at+1]===1) o[at+1]=3; else throw "mem"; break;} at+=size;} return o; }
const engine = {...nodePlatform.engine, compile:(b:Uint8Array)=>nodePlatform.engine.compile(shared?patch(b):b)};
const platform = {...nodePlatform, engine};
const host = {...nodeHost(), environment:{platform, pool:new InstancePool(engine), modules:new ModuleCache()}};
const net = await Cannery.create({host, print:false});

let growths=0; const og=engine.instantiate;
const counter = await net.install<any>(loadGenerated("counter"));
const { actor: relay } = await net.install<any>(loadGenerated("kernels-relay"), { args: [counter.id] });
let gcs=0, gct=0; new PerformanceObserver(l=>{for(const e of l.getEntries()){gcs++;gct+=e.duration;}}).observe({entryTypes:["gc"]});
let instr=0; net.on("event",(e:any)=>{ if(e.kind==="executed") instr+=e.instructions; });
for (let i=0;i<20000;i++) await relay.inc();
for(let r=0;r<30;r++){gcs=gct=instr=0; const t=performance.now(); for(let i=0;i<20;i++) await relay.incTimes(100n); const w=performance.now()-t; await new Promise(r=>setTimeout(r,1)); const m=process.memoryUsage(); if(r%2==0) console.log((2000/w*1000).toFixed(0), "gcs",gcs,gct.toFixed(0)+"ms of "+w.toFixed(0),"instr/call",(instr/2000).toFixed(0),"ext",m.external/2**20|0, "ab", m.arrayBuffers/2**20|0);}
