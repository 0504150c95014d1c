/** A set of places in a module's bytes. */
export class Positions {
  private readonly bits: Uint8Array;

  constructor(moduleBytes: number) {
    this.bits = new Uint8Array((moduleBytes >> 3) + 1);
  }

  add(position: number): void {
    this.bits[position >> 3]! |= 1 << (position & 7);
  }

  has(position: number): boolean {
    return (this.bits[position >> 3]! & (1 << (position & 7))) !== 0;
  }
}
