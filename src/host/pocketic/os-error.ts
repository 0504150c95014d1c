/**
 * What the operating system refused, in the words in which the real server passes it on: `Address already in use (os error 98)`.
 */
import { getSystemErrorMap } from "node:util";

export function osError(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  if (errno === undefined || known === undefined) return message;
  const [, text] = known;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} (os error ${-errno})`;
}
