/**
 * Text as a page's own: what canisters say is hostile until it is shown otherwise.
 */
import { visible } from "../columns.ts";

/** For content and for attributes in double quotes. Characters that cannot be seen, or that turn the direction of others, are shown as what they are. */
export function escaped(text: string): string {
  return visible(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
