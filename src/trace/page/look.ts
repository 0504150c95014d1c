/**
 * The page's stylesheet: by day and by night, wide and narrow. Colours come twice, with the shape of each step (`picture.ts`).
 */
export const LOOK = `
:root{color-scheme:light dark;--back:light-dark(#fff,#14171c);--soft:light-dark(#f4f6f9,#1c2128);--edge:light-dark(#d5dae2,#353c47);--text:light-dark(#1b1f26,#e4e8ee);
--dim:light-dark(#5b6472,#97a1b0);--call:light-dark(#1d5fc4,#7fb0ff);--reply:light-dark(#157347,#5fce95);--reject:light-dark(#bd2130,#ff8b8b);--lost:light-dark(#8a5300,#f0b35a);
--choice:light-dark(#7b35c7,#c79bff);--run:light-dark(#b7c0cf,#56606f);--pick:light-dark(#ffc80038,#ffc80030);--kin:light-dark(#3b82f618,#3b82f62a);--over:light-dark(#64748b18,#94a3b81f)}
*{box-sizing:border-box}
html,body{height:100%;margin:0}
body{font:14px/1.45 system-ui,sans-serif;background:var(--back);color:var(--text);display:grid;grid-template:auto minmax(0,1fr)/minmax(0,1fr) clamp(18rem,30vw,27rem);grid-template-areas:"head head" "picture panel"}
header{grid-area:head;padding:.7rem 1rem .6rem;border-bottom:1px solid var(--edge);max-height:45vh;overflow:auto}
h1{font-size:1.05rem;margin:0 0 .3rem;overflow-wrap:anywhere}
h1 .failed{color:var(--reject)}
header p,header ul{margin:.2rem 0;color:var(--dim)}
header ul{padding-left:1.2rem}
header li{overflow-wrap:anywhere;color:var(--text)}
header li a{color:inherit;text-decoration-color:var(--choice)}
.tools{display:none;flex-wrap:wrap;gap:.5rem .8rem;align-items:center;margin-top:.5rem}
.js .tools{display:flex}
input[type=search]{font:inherit;padding:.3rem .6rem;width:min(20rem,100%);border:1px solid var(--edge);border-radius:6px;background:var(--back);color:inherit}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem .7rem;max-height:4.6rem;overflow:auto}
label{white-space:nowrap}
output,.legend{color:var(--dim)}
.legend{display:flex;flex-wrap:wrap;gap:.2rem .9rem;margin-top:.45rem;font-size:12px}
.legend span{display:inline-flex;align-items:center;gap:.3rem}
main{grid-area:picture;overflow:auto;position:relative;padding-bottom:2rem;outline-offset:-2px}
.names{position:sticky;top:0;z-index:1;background:var(--back);border-bottom:1px solid var(--edge);width:max-content;min-width:100%}
main svg{min-width:100%}
svg{display:block;font:12px/1 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.piece{content-visibility:auto}
.group rect{fill:var(--soft);stroke:var(--edge)}
.group text{fill:var(--dim);font:10.5px/1 system-ui,sans-serif}
.lane rect{fill:var(--back);stroke:var(--dim)}
.lane text{fill:var(--text);text-anchor:middle;font-weight:600}
.lane.off{opacity:.3}
.life{stroke:var(--edge)}
.row{cursor:pointer;outline:none;color:var(--dim)}
.row.gone{display:none}
.hit{fill:transparent}
.row:hover .hit{fill:var(--over)}
.row.kin .hit{fill:var(--kin)}
.row.on .hit,.row:focus-visible .hit{fill:var(--pick)}
.row:focus-visible .hit{stroke:var(--call);stroke-width:1.5}
.when{text-anchor:end;fill:var(--dim);font-size:10.5px}
.again .when{display:none}
.label{fill:currentColor;paint-order:stroke;stroke:var(--back);stroke-width:3px}
.note{fill:var(--dim)}
.line,.open{fill:none;stroke:currentColor;stroke-width:1.6}
.open{stroke-width:1.8}
.full{fill:currentColor}
.inner{stroke:var(--back);stroke-width:2;fill:none}
.bar{fill:var(--run)}
.call{color:var(--call)}.reply{color:var(--reply)}.reject,.trap{color:var(--reject)}.lost,.fault{color:var(--lost)}.choice{color:var(--choice)}
.reply .line{stroke-dasharray:7 3}.reject .line{stroke-dasharray:3 3}.lost .line{stroke-dasharray:1.5 4}
.end{position:sticky;left:0;display:inline-block;margin:.6rem 1rem;padding:.5rem .8rem;border:1px solid var(--reject);border-left-width:6px;border-radius:4px;color:var(--reject);overflow-wrap:anywhere;max-width:60rem}
aside{grid-area:panel;border-left:1px solid var(--edge);overflow:auto;background:var(--soft);padding:.8rem 1rem}
article{display:none}
article:target,article.on{display:block}
.js article:target:not(.on){display:none}
aside:has(article:target) .hint,aside:has(article.on) .hint{display:none}
h2{font-size:1rem;margin:0 0 .5rem;overflow-wrap:anywhere}
dl{margin:0}
dt{color:var(--dim);font-size:12px;margin-top:.45rem}
dd{margin:0;overflow-wrap:anywhere}
dd pre{font:12px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;margin:.1rem 0;padding:.4rem .5rem;background:var(--back);border:1px solid var(--edge);border-radius:4px;max-height:18rem;overflow:auto}
kbd{font:11px ui-monospace,monospace;border:1px solid var(--edge);border-radius:3px;padding:0 .3em;background:var(--back)}
@media(max-width:760px){body{grid-template:auto minmax(0,1fr) auto/minmax(0,1fr);grid-template-areas:"head" "picture" "panel"}header{max-height:38vh}aside{border-left:0;border-top:1px solid var(--edge);max-height:42vh;padding:.6rem .8rem}.hint{font-size:12px;margin:0}}
@media(forced-colors:active){.full{fill:CanvasText}.bar{fill:GrayText}}
@media print{html,body{height:auto}body{display:block}.tools,aside{display:none!important}main{overflow:visible}.names{position:static}}
`;
