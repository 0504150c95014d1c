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
async function mk(mb:number){ const c = await net.install<any>(loadGenerated("kernels-heap")); for (let d=0; d<mb; d+=32) await c.actor.fill(BigInt(Math.min(32, mb-d))); return c; }
const S=await mk(1), L=await mk(512);
const rs:number[]=[], a:number[]=[], b:number[]=[];
for (let r=0;r<40;r++) { let ts=[]; for (const c of [S,L]) { let t=performance.now(); for (let i=0;i<200;i++) await c.actor.touch(); ts.push((performance.now()-t)/200*1000); } if(r>12){rs.push(ts[1]!/ts[0]!);a.push(ts[0]!);b.push(ts[1]!);} }
const med=(x:number[])=>[...x].sort((p,q)=>p-q)[x.length>>1]!;
console.log(shared, "ratio", med(rs).toFixed(2), med(a).toFixed(1), med(b).toFixed(1));
