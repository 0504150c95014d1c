/**
 * Bulk and table instructions. Those that write tables are well-typed here and refused by the platform's own check, which their name is kept for.
 */
import { Immediates } from "./immediates.ts";
import { I32, I64, NAME, Shape } from "./opcodes.ts";

export class BulkValidator extends Immediates {
  /** The body's first instruction that the platform refuses, or `""`. */
  unsupported = "";
  /** Instructions that the replica's instrumentation adds, in all bodies. */
  added = 0;

  protected bulk(opcode: number, shape: number): void {
    switch (shape) {
      case Shape.memoryInit:
        this.dataIndex();
        this.memoryIndex();
        // The charge: extend, call, wrap.
        this.added += 3;
        this.pop(I32);
        this.pop(I32);
        return this.pop(this.address);
      case Shape.dataDrop:
        return this.dataIndex();
      case Shape.memoryCopy:
      case Shape.memoryFill:
        this.memoryIndex();
        if (shape === Shape.memoryCopy) this.memoryIndex();
        this.added += this.address === I32 ? 3 : 1;
        this.pop(this.address);
        this.pop(shape === Shape.memoryCopy ? this.address : I32);
        return this.pop(this.address);
      case Shape.elemDrop:
        this.elementIndex();
        return;
      case Shape.tableGet: {
        const { element, address } = this.table();
        this.pop(address);
        return this.push(element);
      }
      case Shape.tableSize:
        return this.push(this.table().address);
      default:
        if (this.unsupported === "") this.unsupported = NAME[opcode]!;
        return this.tableWrite(shape);
    }
  }

  private tableWrite(shape: number): void {
    switch (shape) {
      case Shape.tableSet: {
        const { element, address } = this.table();
        this.pop(element);
        return this.pop(address);
      }
      case Shape.tableInit: {
        const type = this.elementIndex();
        const { element, address } = this.table();
        if (type !== element) this.mismatch(element, type);
        this.pop(I32);
        this.pop(I32);
        return this.pop(address);
      }
      case Shape.tableCopy: {
        const target = this.table();
        const source = this.table();
        if (target.element !== source.element) this.mismatch(target.element, source.element);
        this.pop(target.address === I64 && source.address === I64 ? I64 : I32);
        this.pop(source.address);
        return this.pop(target.address);
      }
      case Shape.tableGrow: {
        const { element, address } = this.table();
        this.pop(address);
        this.pop(element);
        return this.push(address);
      }
      default: {
        const { element, address } = this.table();
        this.pop(address);
        this.pop(element);
        return this.pop(address);
      }
    }
  }
}
