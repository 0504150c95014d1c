/**
 * Text as a page's own: what canisters say is hostile until it is shown otherwise.
 */

/** For content and for attributes in double quotes. Characters that cannot be seen, or that turn the direction of others, are shown as what they are. */
export function escaped(text: string): string {
  return visible(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** Control characters (line ends and tabs aside), marks of direction, halves of surrogate pairs. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
