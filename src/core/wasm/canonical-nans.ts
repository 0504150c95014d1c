/**
 * Canonical NaNs: which bits a float operation gives for a NaN differs between cold and hot code in V8, so each is replaced where its bits could be
 * seen.
 *
 * Source: design.md 4; wasm.md 2.
 */
import { Op } from "./assembler.ts";
import { MeteredBody } from "./metered-body.ts";
import { F32X4, F64X2 } from "./nan-columns.ts";
import { F32, F64, V128 } from "./opcodes.ts";

const CANONICAL_F32 = [0x43, 0x00, 0x00, 0xc0, 0x7f];
const CANONICAL_F64 = [0x44, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f];

export class CanonicalBody extends MeteredBody {
  /** After a float operation: replaces any NaN by the canonical one, unless its consumer cannot see the difference. */
  protected canonical(kind: number): void {
    const scalar = kind === F32 || kind === F64;
    // The lanes of a vector may be looked at as another type, so vectors are always made canonical.
    if (scalar && this.measured.unseenNaNs.has(this.position)) return;
    const { out } = this;
    this.flushCopy(this.position);
    this.copyFrom = this.position;
    const value = this.valueTemporary(scalar ? kind : V128);
    switch (kind) {
      case F32:
        out
          .localTee(value)
          .op(...CANONICAL_F32)
          .localGet(value)
          .localGet(value)
          .op(0x5b, Op.select);
        return;
      case F64:
        out
          .localTee(value)
          .op(...CANONICAL_F64)
          .localGet(value)
          .localGet(value)
          .op(0x61, Op.select);
        return;
      case F32X4:
        out
          .localTee(value)
          .op(...CANONICAL_F32, 0xfd, 19)
          .localGet(value)
          .localGet(value)
          .op(0xfd, 65, 0xfd, 82);
        return;
      case F64X2:
        out
          .localTee(value)
          .op(...CANONICAL_F64, 0xfd, 20)
          .localGet(value)
          .localGet(value)
          .op(0xfd, 71, 0xfd, 82);
        return;
    }
  }
}
