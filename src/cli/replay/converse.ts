/**
 * A conversation line by line: at a terminal with a prompt, a history and completion; from a pipe each command is shown with its answer, so that scripts and
 * tests read like a session.
 */
import { createInterface } from "node:readline";
import { CanneryError } from "../../base/cannery-error.ts";
import type { Answer, Stepper } from "./stepper.ts";

/** Until `quit` or the end of the input. From a pipe, code 1 when a command was refused. */
export async function converse(stepper: Stepper, { json }: { readonly json: boolean }): Promise<void> {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY && !json;
  const lines = createInterface({
    input: process.stdin,
    output: isTerminal ? process.stdout : undefined,
    terminal: isTerminal,
    completer: (line: string) => [stepper.completions(line), line],
  });
  // Ctrl-C at the prompt ends it, as Ctrl-D does.
  lines.on("SIGINT", () => lines.close());
  const show = ({ text, data }: Answer): void => console.log(json ? JSON.stringify(data) : text);
  const ask = (): void => {
    lines.setPrompt(`(${stepper.run.position}/${stepper.run.length}) `);
    if (isTerminal) lines.prompt();
  };
  show(stepper.greeting());
  ask();
  let again = "";
  for await (const typed of lines) {
    const line = typed.trim();
    // At a terminal, the key alone does the last step again.
    const command = line === "" && isTerminal ? again : line;
    if (command === "quit" || command === "exit") break;
    if (command !== "" && !command.startsWith("#")) {
      if (!isTerminal && !json) console.log(`\n> ${command}`);
      try {
        show(stepper.answer(command));
      } catch (error) {
        if (!(error instanceof CanneryError)) throw error;
        refuse(error, { json, isTerminal });
      }
      again = /^(n|next|b|back|u|until)\b/u.test(command) ? command : "";
    }
    ask();
  }
  if (isTerminal) console.log();
  lines.close();
}

function refuse({ code, message }: CanneryError, { json, isTerminal }: { readonly json: boolean; readonly isTerminal: boolean }): void {
  console.log(json ? JSON.stringify({ error: { code, message } }) : message);
  if (!isTerminal) process.exitCode = 1;
}
