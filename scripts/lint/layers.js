/**
 * The lint rule of layers: an import points to an earlier room, never to a later one (style.md, "Finding your way").
 * Inside `core` types may be imported from anywhere: a type carries no code, and the record of a canister names the types of what it holds.
 */

/** In order. `(entry)` stands for the files directly in `src`, which are what package.json exports. */
const ROOMS = ["base", "codec", "crypto", "core", "trace", "api", "network", "explore", "testing", "pic", "host", "(entry)", "cli"];
/** In order. `(whole)` stands for the files directly in `core`, which put the rest together. */
const INNER_ROOMS = [
  ..."state certification wasm canister queues streams cycles ingress queries management rules schedule".split(" "),
  "(whole)",
];

/** Room of a file under `src`, and its place in the order; `null` outside. An unknown room has a place of -1. */
function roomOf(path) {
  const match = /(?:^|\/)src\/(.+)$/.exec(path);
  if (match === null) return null;
  const folders = match[1].split("/").slice(0, -1);
  const room = folders[0] ?? "(entry)";
  const inner = folders[1] ?? "(whole)";
  const isCore = room === "core";
  const place = ROOMS.indexOf(room);
  const innerPlace = isCore ? INNER_ROOMS.indexOf(inner) : 0;
  const isKnown = place !== -1 && innerPlace !== -1;
  return { name: isCore ? `core/${inner}` : room, isCore, place: isKnown ? place * 100 + innerPlace : -1 };
}

/** Whether an import or re-export is of types only. */
function isOfTypes(node) {
  if ((node.importKind ?? node.exportKind) === "type") return true;
  const specifiers = node.specifiers ?? [];
  return specifiers.length > 0 && specifiers.every((specifier) => (specifier.importKind ?? specifier.exportKind) === "type");
}

export const layers = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      later: "{{from}} may not import {{to}}, which comes after it: imports run one way (docs/architecture.md).",
      unknown: "{{room}} has no place in the order of rooms: give it one in scripts/lint/layers.js.",
    },
  },
  create(context) {
    const file = context.filename.replaceAll("\\", "/");
    const here = roomOf(file);
    if (here === null) return {};
    const check = (node, source) => {
      if (typeof source?.value !== "string" || !source.value.startsWith(".")) return;
      const there = roomOf(new URL(source.value, `file:///${file.replace(/^\//, "")}`).pathname);
      if (there === null) return;
      for (const room of [here, there]) {
        if (room.place === -1) return context.report({ node, messageId: "unknown", data: { room: room.name } });
      }
      if (there.place <= here.place || (here.isCore && there.isCore && isOfTypes(node))) return;
      context.report({ node, messageId: "later", data: { from: here.name, to: there.name } });
    };
    const checkStatement = (node) => check(node, node.source);
    return {
      ImportDeclaration: checkStatement,
      ExportNamedDeclaration: checkStatement,
      ExportAllDeclaration: checkStatement,
      ImportExpression: checkStatement,
      TSImportType: (node) => here.isCore || check(node, node.source ?? node.argument?.literal),
    };
  },
};
