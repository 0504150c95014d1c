/** A module that the platform, or Cannery, does not take. Thrown while it is examined, caught in `prepare.ts`. */
import type { ModuleRefusal } from "./module-info.ts";

export class Refused extends Error {
  override name = "Refused";
  readonly kind: ModuleRefusal["kind"];

  constructor(kind: ModuleRefusal["kind"], description: string) {
    super(description);
    this.kind = kind;
  }
}
