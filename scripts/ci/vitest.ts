/**
 * What both test configurations share.
 */
import { availableParallelism } from "node:os";

/** Files that run at once. Vitest itself leaves a processor to its main process, which has little to do: on two that is half of them. */
export const WORKERS = Math.max(2, availableParallelism() - 1);

/** For people; and where `CANNERY_TEST_REPORTS` names a folder, as .ci/run has it, also `<name>.json` there. */
export function reporters(name: string): ("default" | ["json", { outputFile: string }])[] {
  const folder = process.env["CANNERY_TEST_REPORTS"];
  return folder === undefined ? ["default"] : ["default", ["json", { outputFile: `${folder}/${name}.json` }]];
}
