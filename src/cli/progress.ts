/**
 * Progress of long work, on standard error: one line that replaces itself in a terminal, nothing elsewhere, so that pipes and logs stay clean.
 */
export class Progress {
  private readonly stream = process.stderr;
  private shown = false;

  show(text: string): void {
    if (!this.stream.isTTY) return;
    this.stream.write(`\r\u001b[K${text} …`);
    this.shown = true;
  }

  clear(): void {
    if (this.shown) this.stream.write("\r\u001b[K");
    this.shown = false;
  }
}
