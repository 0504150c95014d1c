/**
 * A trace as one page that needs nothing else and loads nothing: a sequence diagram, and all that is known of each of its steps beside it.
 */
import type { NetworkEvent } from "../../core/events.ts";
import type { Deviation } from "../../core/schedule/recorder.ts";
import { BEHAVIOUR } from "./behaviour.ts";
import { LOOK } from "./look.ts";
import { escaped } from "./markup.ts";
import { picture } from "./picture.ts";
import { storyOf, type Step, type Story, type StoryOptions } from "./story.ts";

export interface PageOptions extends StoryOptions {
  readonly title: string;
  /** What the run failed with, and the choices that made it fail, in words. */
  readonly failure: { readonly name: string; readonly message: string; readonly choices: readonly Choice[] } | null;
}

interface Choice {
  readonly text: string;
  readonly deviation: Deviation;
}

/** Whatever a canister says, the page fetches nothing and sends nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function toHtml(events: readonly NetworkEvent[], options: PageOptions): string {
  const story = storyOf(events, options);
  const { title, failure } = options;
  const body = story.steps.length === 0 ? "<p>There are no messages in it.</p>" : picture(story);
  const end =
    failure === null ? "" : `<p class="end" role="note"><strong>${escaped(failure.name)}</strong>: ${escaped(failure.message)}</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(failure === null ? title : failure.name)}</title><style>${LOOK}</style></head><body>
<header>${heading(options, story)}${tools(story)}${LEGEND}</header>
<main tabindex="-1" aria-label="Messages in the order in which they were sent">
${body}
${end}
</main>
<aside aria-live="polite" aria-label="Details">
<p class="hint">Choose a row for its arguments, answer, cycles and stack. ${KEYS}</p>
${story.steps.map(details).join("\n")}
</aside>
<script>${BEHAVIOUR}</script>
</body></html>`;
}

const KEYS =
  "<kbd>↓</kbd> <kbd>↑</kbd> step through messages, <kbd>→</kbd> <kbd>←</kbd> along one call, <kbd>c</kbd> to the next choice of the schedule, <kbd>/</kbd> searches, <kbd>Esc</kbd> closes.";

function heading({ title, failure }: PageOptions, { steps }: Story): string {
  if (failure === null) return `<h1>${escaped(title)}</h1>`;
  const { name, message, choices } = failure;
  const idOf = new Map(steps.flatMap(({ chosen, id }) => (chosen === undefined ? [] : [[keyOf(chosen), id]])));
  const item = ({ text, deviation }: Choice): string => {
    const id = idOf.get(keyOf(deviation));
    return `<li>${id === undefined ? escaped(text) : `<a href="#${id}">${escaped(text)}</a>`}</li>`;
  };
  const why =
    choices.length === 0
      ? "<p>It fails on the ordinary schedule.</p>"
      : `<p>It fails when the schedule chooses:</p><ul>${choices.map(item).join("")}</ul>`;
  return `<h1><span class="failed">✗ ${escaped(name)}</span>: ${escaped(message.split("\n", 1)[0]!)}</h1>${why}`;
}

function keyOf({ kind, concerns, nth }: Deviation): string {
  return `${kind} ${nth} ${concerns}`;
}

function tools({ lanes, steps }: Story): string {
  const boxes = lanes.map(({ name }, i) => `<label><input type="checkbox" value="${i}"> ${escaped(name)}</label>`).join("");
  return `<div class="tools"><input type="search" placeholder="Search: method, text, reject…" aria-label="Search"><fieldset aria-label="Only messages of">${boxes}</fieldset><output>${steps.length} steps</output></div>`;
}

/** Each shape, small. */
const LEGEND = `<div class="legend" aria-hidden="true">${[
  ["call", '<path class="line" d="M1 6h20"/><path class="full" d="M27 6l-7-4.5v9z"/>', "call"],
  ["reply", '<path class="line" d="M1 6h24"/><path class="open" d="M19 1l7 5l-7 5"/>', "reply"],
  ["reject", '<path class="line" d="M1 6h18"/><path class="open" d="M17 1l9 10m0-10l-9 10"/>', "reject"],
  ["lost", '<path class="line" d="M1 6h14"/><circle class="open" cx="20" cy="6" r="5"/><path class="open" d="M16.500 9.500l7-7"/>', "lost"],
  ["trap", '<path class="full" d="M10.300 0h7.400l3.300 3.300v5.400l-3.300 3.300h-7.400l-3.300-3.300v-5.400z"/>', "trap"],
  ["choice", '<path class="full" d="M14 0l6 6l-6 6l-6-6z"/>', "chosen by the schedule"],
  ["fault", '<path class="full" d="M14 0l7 12h-14z"/>', "fault"],
  ["run", '<rect class="bar" x="10" y="0" width="9" height="12" rx="2"/>', "runs"],
]
  .map(([shape, drawn, name]) => `<span><svg class="${shape}" width="28" height="12">${drawn}</svg>${name}</span>`)
  .join("")}</div>`;

function details({ id, title, facts }: Step): string {
  const listed = facts.map(
    ({ name, text, isCode }) => `<dt>${name}</dt><dd>${isCode === true ? `<pre>${escaped(text)}</pre>` : escaped(text)}</dd>`,
  );
  return `<article id="${id}"><h2>${escaped(title)}</h2><dl>${listed.join("")}</dl></article>`;
}
