import { nodePlatform } from "../src/host/platform-node.ts";
import { nodeEngine } from "../src/host/engine.ts";
import { KERNELS, kernelModule } from "./kernels.ts";
import { RewrittenProgram } from "./programs.ts";
import { compared, timed, geometricMean } from "./measure.ts";
let shared=false;
function patch(b: Uint8Array) { const o=b.slice(); let at=8; while(at<o.length){ const id=o[at++]!; let size=0,sh=0,x; do{x=o[at++]!; size|=(x&127)<<sh; sh+=7;}while(x&128); if(id===5){ o[at+1]=3; break;} at+=size;} return o; }
const orig=nodeEngine.compile; (nodeEngine as any).compile=(b:Uint8Array)=>orig(shared?patch(b):b);
void nodePlatform;
const rs=[];
for (const k of KERNELS) { shared=false; const w=kernelModule(k); const a=new RewrittenProgram(w); shared=true; const b=new RewrittenProgram(w);
 for(let i=0;i<30;i++){a.run();b.run();} const c=await compared(()=>timed(()=>b.run()),()=>timed(()=>a.run()),15); console.log(k,c.ratio.toFixed(2), b.instance.memory.buffer.constructor.name); rs.push(c.ratio);}
console.log(geometricMean(rs));
