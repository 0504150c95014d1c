/**
 * The lint rule of layers: an import points to an earlier room, never to a later one. Inside `core`, types may be imported from anywhere:
 * a type carries no code, and the record of a canister names the types of what it holds.
 */
const ROOMS = ["base", "codec", "crypto", "core", "trace", "api", "explore", "network", "testing", "pic", "host", "cli"];
const CORE = [
  "state",
  "certification",
  "wasm",
  "canister",
  "queues",
  "streams",
  "cycles",
  "ingress",
  "queries",
  "management",
  "rules",
  "schedule",
];

/** Place of a file under src: room, and within core the inner room (files directly in core come last: they put the rest together). */
function placeOf(path) {
  const match = /(?:^|\/)src\/(.+)$/.exec(path.replaceAll("\\", "/"));
  if (match === null) return null;
  const [room, inner] = match[1].split("/");
  // The package's own exports stand between the host and the commands that use them.
  if (!match[1].includes("/")) return { room: ROOMS.indexOf("cli") - 0.5, inner: 0, name: match[1] };
  return {
    room: ROOMS.indexOf(room),
    inner: room === "core" ? (CORE.indexOf(inner) === -1 ? CORE.length : CORE.indexOf(inner)) : 0,
    name: room === "core" ? `core/${inner}` : room,
  };
}

/** Shapes that all of core shares though they lie beside network.ts: events and inputs are data. */
const SHARED = /\/core\/(events|inputs)\.ts$/;

export const layers = {
  meta: {
    type: "problem",
    schema: [],
    messages: { later: "{{from}} may not import {{to}}: imports run from faces to core (style.md, Finding your way)." },
  },
  create(context) {
    const here = placeOf(context.filename);
    if (here === null || /\.(test|fixture)\.ts$/.test(context.filename)) return {};
    const folder = context.filename.replaceAll("\\", "/").replace(/\/[^/]*$/, "");
    return {
      "ImportDeclaration, ExportNamedDeclaration[source], ExportAllDeclaration"(node) {
        const target = node.source.value;
        if (!target.startsWith(".")) return;
        const there = placeOf(new URL(target, `file://${folder}/`).pathname);
        if (there === null || there.room === -1) return;
        const typeOnly =
          node.importKind === "type" ||
          node.exportKind === "type" ||
          (node.specifiers?.length > 0 &&
            node.specifiers.every((specifier) => specifier.importKind === "type" || specifier.exportKind === "type"));
        if (typeOnly && here.name.startsWith("core") && there.name.startsWith("core")) return;
        if (typeOnly && SHARED.test(there.name)) return;
        if (there.room > here.room || (there.room === here.room && there.inner > here.inner)) {
          context.report({ node, messageId: "later", data: { from: here.name, to: there.name } });
        }
      },
    };
  },
};
