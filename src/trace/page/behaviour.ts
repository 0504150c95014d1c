/**
 * The page's script. Without it the page is a picture whose rows lead to what is known of them; with it, it can be searched and stepped through.
 * It makes no markup: all that it shows stands in the page.
 */
export const BEHAVIOUR = `
"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const main = document.querySelector("main"), search = document.querySelector("input[type=search]"), count = document.querySelector("output");
  const lanes = all("fieldset input"), pieces = all(".piece");
  const rows = all(".row").map((node) => ({
    node, id: node.id.slice(4), call: node.dataset.call, lanes: node.dataset.lanes.split(" "), height: Number(node.dataset.h),
    when: node.querySelector(".when").textContent, isRun: node.classList.contains("run"), article: document.getElementById(node.id.slice(4)), text: null, shown: true,
  }));
  const byId = new Map(rows.map((row) => [row.id, row]));
  let selected = null;
  document.documentElement.classList.add("js");

  const textOf = (row) => (row.text ??= (row.node.textContent + " " + row.article.textContent).toLowerCase());

  /** Hides what is not asked for, and closes the gaps. */
  const arrange = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const wanted = new Set(lanes.filter((box) => box.checked).map((box) => box.value));
    for (const row of rows)
      row.shown = (wanted.size === 0 || row.lanes.some((lane) => wanted.has(lane))) && words.every((word) => textOf(row).includes(word));
    for (const lane of all(".lane")) lane.classList.toggle("off", wanted.size > 0 && !wanted.has(lane.dataset.lane));
    const heights = new Map(pieces.map((piece) => [piece, 0]));
    let when = null;
    for (const row of rows) {
      row.node.classList.toggle("gone", !row.shown);
      if (!row.shown) continue;
      const piece = row.node.parentNode, y = heights.get(piece);
      row.node.setAttribute("transform", "translate(0 " + y + ")");
      row.node.classList.toggle("again", row.when === when);
      when = row.when;
      heights.set(piece, y + row.height);
    }
    for (const [piece, height] of heights) piece.setAttribute("height", height);
    const shown = rows.filter((row) => row.shown).length;
    count.textContent = shown === rows.length ? rows.length + " steps" : shown + " of " + rows.length + " steps";
  };

  const select = (row, focus) => {
    if (selected) { selected.node.classList.remove("on"); selected.article.classList.remove("on"); selected.node.removeAttribute("aria-current"); }
    for (const kin of all(".kin")) kin.classList.remove("kin");
    selected = row;
    if (!row) { history.replaceState(null, "", "#"); return; }
    row.node.classList.add("on");
    row.node.setAttribute("aria-current", "true");
    row.article.classList.add("on");
    if (row.call) for (const kin of rows) if (kin.call === row.call && kin !== row) kin.node.classList.add("kin");
    history.replaceState(null, "", "#" + row.id);
    if (!focus) return;
    row.node.focus({ preventScroll: true });
    const box = row.node.getBoundingClientRect(), frame = main.getBoundingClientRect(), top = frame.top + 70;
    const drawn = row.node.querySelector(".line, .bar, .full, .open").getBoundingClientRect();
    if (drawn.left < frame.left) main.scrollLeft += drawn.left - frame.left - 120; else if (drawn.right > frame.right) main.scrollLeft += drawn.right - frame.right + 120;
    if (box.top < top) main.scrollTop += box.top - top; else if (box.bottom > frame.bottom - 20) main.scrollTop += box.bottom - frame.bottom + 20;
  };

  /** After the last one comes the first. */
  const nextChoice = (at) => {
    const isChoice = (row) => row.shown && (row.node.classList.contains("choice") || row.node.classList.contains("fault"));
    const next = rows.findIndex((row, i) => i > at && isChoice(row));
    return next < 0 ? rows.findIndex(isChoice) : next;
  };

  const stepTo = (from, by, suits) => {
    for (let i = from; i >= 0 && i < rows.length; i += by) if (rows[i].shown && suits(rows[i])) return select(rows[i], true);
  };

  main.addEventListener("click", (event) => {
    const node = event.target.closest(".row");
    if (!node || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    select(byId.get(node.id.slice(4)), false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.target === search) { if (event.key === "Escape") { search.value = ""; arrange(); main.focus(); } return; }
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.tagName === "INPUT") return;
    const at = selected ? rows.indexOf(selected) : -1, messages = (row) => !row.isRun, any = () => true;
    const keys = {
      ArrowDown: () => stepTo(at + 1, 1, messages), j: () => stepTo(at + 1, 1, messages),
      ArrowUp: () => stepTo(at < 0 ? rows.length - 1 : at - 1, -1, messages), k: () => stepTo(at < 0 ? rows.length - 1 : at - 1, -1, messages),
      ArrowRight: () => selected && stepTo(at + 1, 1, (row) => row.call && row.call === selected.call),
      ArrowLeft: () => selected && stepTo(at - 1, -1, (row) => row.call && row.call === selected.call),
      c: () => stepTo(nextChoice(at), 1, any),
      Home: () => stepTo(0, 1, any), End: () => stepTo(rows.length - 1, -1, any), Escape: () => select(null, false), "/": () => search.focus(),
    };
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  search.addEventListener("input", arrange);
  for (const box of lanes) box.addEventListener("change", arrange);
  addEventListener("hashchange", () => { const row = byId.get(location.hash.slice(1)); if (row && row !== selected) select(row, true); });
  arrange();
  const linked = byId.get(location.hash.slice(1));
  if (linked) select(linked, true);
})();
`;
