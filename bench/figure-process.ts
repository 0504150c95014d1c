/** One figure, measured in this process, which `main.ts` has started for it: the results go to the parent as one message. */
import { FIGURES } from "./figures.ts";

const [name, quick] = process.argv.slice(2);
const figure = FIGURES.find((candidate) => candidate.name === name);
if (figure === undefined || process.send === undefined) throw new Error("figure-process.ts is started by main.ts");
const results = await figure.measure({ isQuick: quick === "quick", progress: (line) => process.stderr.write(`${line}\n`) });
process.send(results, undefined, undefined, () => process.disconnect());
