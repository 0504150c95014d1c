/** What one figure of the bench is: a measurement in a process of its own, so that none warms up, fills or fragments another's. */

export interface FigureOptions {
  /** Fewer and shorter turns: to see that it runs, not to be quoted. */
  readonly isQuick: boolean;
  /** One line to standard error. */
  progress(line: string): void;
}

export type Json = number | string | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What a figure reports, by name. */
export type Results = Readonly<Record<string, Json>>;

export interface Figure {
  /** Name on the command line, and of its main result. */
  readonly name: string;
  /** What must hold, for the table; taken from the main result. */
  readonly aim: Aim | null;
  /** Flags of Node that its process needs. */
  readonly nodeFlags: readonly string[];
  measure(options: FigureOptions): Promise<Results>;
}

export interface Aim {
  readonly kind: "at most" | "at least";
  readonly value: number;
  /** The number that is held against the aim. */
  of(results: Results): number;
}
