/** What reads the output. */

/** Drawings narrower than this are wider than the terminal. */
const MIN_WIDTH = 40;

/** A terminal's columns, for drawings; nothing where the output goes to a file or a pipe: drawings have a width of their own there. */
export function terminalWidth(): { readonly width?: number } {
  const { isTTY, columns } = process.stdout;
  return isTTY && columns > 0 ? { width: Math.max(MIN_WIDTH, columns) } : {};
}
