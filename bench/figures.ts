/** All figures of the bench, in the order in which they run. */
import { cpuRatio } from "./cpu-ratio.ts";
import type { Figure } from "./figure.ts";
import { rewriterSpeed } from "./rewriter-speed.ts";

export const FIGURES: readonly Figure[] = [cpuRatio, rewriterSpeed];
