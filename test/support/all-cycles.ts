/** Every cycle there is: see `src/core/all-cycles.ts`. */
export { allCycles } from "../../src/core/all-cycles.ts";
