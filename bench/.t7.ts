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

for(let k=0;k<4;k++){ const t=performance.now(); for(let i=0;i<10;i++) await Promise.all(Array.from({length:50},()=>net.install(loadGenerated("counter")))); const m=process.memoryUsage(); console.log(shared,k*500,((performance.now()-t)/500).toFixed(2),"ms each; rss", m.rss/2**20|0,"ext",m.external/2**20|0,"ab",m.arrayBuffers/2**20|0); }
