/** Modules at the edge of what can be written down: as large, as deep, as many as bytes allow. They are refused with a reason, or they compile. */
import { describe, expect, test } from "vitest";
import { isRefusal, prepareModule } from "../../src/core/wasm/prepare.ts";
import { ByteWriter } from "../../src/core/wasm/writer.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { Subject } from "../support/rewritten.ts";

type Write = (out: ByteWriter) => void;

function moduleOf(...sections: readonly (readonly [id: number, write: Write])[]): Uint8Array {
  const out = new ByteWriter();
  out.copy(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  for (const [id, write] of sections) {
    const content = new ByteWriter();
    write(content);
    out.section(id, content);
  }
  return out.done();
}

function repeated(count: number, ...bytes: readonly number[]): Write {
  const unit = Uint8Array.from(bytes);
  return (out) => {
    for (let i = 0; i < count; i++) out.copy(unit);
  };
}

function counted(count: number, ...bytes: readonly number[]): Write {
  return (out) => {
    out.u32(count);
    repeated(count, ...bytes)(out);
  };
}

const NO_TYPES: readonly [number, Write] = [1, counted(1, 0x60, 0, 0)];

/** A module of functions `() -> ()` with these bodies, locals included, and one page of memory. */
function functions(...bodies: readonly Uint8Array[]): Uint8Array {
  return moduleOf(NO_TYPES, [3, counted(bodies.length, 0)], [5, counted(1, 0, 1)], code(bodies));
}

function code(bodies: readonly Uint8Array[]): readonly [number, Write] {
  return [
    10,
    (out) => {
      out.u32(bodies.length);
      for (const body of bodies) {
        out.u32(body.length);
        out.copy(body);
      }
    },
  ];
}

function body(...writes: readonly Write[]): Uint8Array {
  const out = new ByteWriter();
  for (const write of writes) write(out);
  return out.done();
}

const bytes = (...of: readonly number[]): Write => repeated(1, ...of);
const END = 0x0b;

/** Refused with this reason, or `accepted` when both variants compile and can be instantiated. */
function outcome(module: Uint8Array): string {
  const result = prepareModule(module, nodePlatform);
  if (isRefusal(result)) return `${result.kind}: ${result.description}`;
  for (const variant of ["fast", "exact"] as const) new Subject(result, variant);
  return "accepted";
}

const ROOM = "engine: Cannery needs room to rewrite a module: ";

describe("counts", () => {
  test("types", () => {
    expect(outcome(moduleOf([1, counted(333_300, 0x60, 0, 0)]))).toBe("accepted");
    expect(outcome(moduleOf([1, counted(333_301, 0x60, 0, 0)]))).toBe(`${ROOM}it has 333301 types, at most 333300 are possible`);
    expect(outcome(moduleOf([1, counted(1_000_001, 0x60, 0, 0)]))).toMatch(/types count exceeds limit of 1000000/);
  });

  test("imports", () => {
    const reply = [...Buffer.from("\x03ic0\x09msg_reply"), 0, 0];
    expect(outcome(moduleOf(NO_TYPES, [2, counted(99_997, ...reply)]))).toBe("accepted");
    expect(outcome(moduleOf(NO_TYPES, [2, counted(99_998, ...reply)]))).toBe(`${ROOM}it has 99998 imports, at most 99997 are possible`);
  });

  test("custom sections without end, names without end", () => {
    const out = new ByteWriter();
    out.copy(moduleOf());
    repeated(50_000, 0, 2, 1, 0x78)(out);
    expect(outcome(out.done())).toBe("accepted");
    const names = new ByteWriter();
    counted(500_000, 0, 0)(names);
    const section: Write = (content) => {
      content.name("name");
      content.byte(1);
      content.sized(names);
    };
    expect(outcome(moduleOf([0, section]))).toBe("accepted");
  });

  test("a hundred thousand segments, a million elements", () => {
    expect(outcome(moduleOf([5, counted(1, 0, 1)], [12, (out) => out.u32(100_000)], [11, counted(100_000, 1, 1, 7)]))).toBe("accepted");
    const table: Write = (out) => {
      bytes(1, 0x70, 0)(out);
      out.u32(1_000_000);
    };
    const elements: Write = (out) => {
      bytes(1, 0, 0x41, 0, END)(out);
      counted(1_000_000, 0)(out);
    };
    expect(outcome(moduleOf(NO_TYPES, [3, bytes(1, 0)], [4, table], [9, elements], code([Uint8Array.of(0, END)])))).toBe("accepted");
  });

  test("50,000 functions of 49,984 locals each", () => {
    const large = Uint8Array.of(1, 0xc0, 0x86, 0x03, 0x7e, END);
    expect(isRefusal(prepareModule(functions(...Array.from({ length: 50_000 }, () => large)), nodePlatform))).toBe(false);
    expect(outcome(functions(...Array.from({ length: 1000 }, () => large)))).toBe("accepted");
  });
});

describe("depth", () => {
  for (const [what, opcode, operand] of [
    ["blocks", 0x02, []],
    ["loops", 0x03, []],
    ["ifs", 0x04, [0x41, 1]],
  ] as const) {
    test(what, () => {
      const depth = 19_000;
      const nested = body(bytes(0), repeated(depth, ...operand, opcode, 0x40), repeated(depth, END), bytes(END));
      expect(outcome(functions(nested))).toBe("accepted");
    });
  }

  test("operands that only unreachable calls could leave there", () => {
    const results = moduleOf(
      [1, (out) => {
        out.u32(2);
        bytes(0x60, 0)(out);
        counted(999, 0x7f)(out);
        bytes(0x60, 0, 0)(out);
      }],
      [3, bytes(2, 0, 1)],
      code([Uint8Array.of(0, 0x00, END), body(bytes(0, 0x00), repeated(5000, 0x10, 0), bytes(END))]),
    ); // prettier-ignore
    expect(outcome(results)).toBe(`${ROOM}a function has more than 4194304 operands at once`);
  });
});

describe("bodies that grow when they are rewritten", () => {
  test("a vector operation of 3 bytes makes its NaNs canonical with 21 more", () => {
    const nearest = (count: number): Uint8Array =>
      functions(body(bytes(1, 1, 0x7b, 0x20, 0), repeated(count, 0xfd, 0x94, 0x01), bytes(0x1a, END)));
    expect(outcome(nearest(300_000))).toBe("accepted");
    expect(outcome(nearest(400_000))).toMatch(
      /^engine: Cannery needs room .*: function 0 has 96000\d\d bytes then, at most 7654321 are possible$/,
    );
  });

  test("stores", () => {
    const stores = (count: number): Uint8Array =>
      functions(body(bytes(0), repeated(count, 0x41, 0, 0x41, 0, 0x36, 0, 0xff, 0xff, 0xff, 0x0f), bytes(END)));
    expect(outcome(stores(200_000))).toBe("accepted");
    expect(outcome(stores(249_000))).toMatch(/^engine: Cannery needs room /);
  });

  test("the longest br_tables", () => {
    const targets = 65_520;
    const branches: Write = (out) => {
      for (let i = 0; i < 110; i++) {
        bytes(0x41, 0, 0x0e)(out);
        out.u32(targets);
        out.copy(new Uint8Array(targets + 1));
        out.byte(END);
      }
    };
    const blocks = functions(body(bytes(0), repeated(110, 0x02, 0x40), branches, bytes(END)));
    expect(outcome(blocks)).toBe("accepted");
    // In loops of the fast variant the outer labels need two bytes instead of one.
    const outward: Write = (out) => {
      for (let i = 0; i < 60; i++) {
        bytes(0x02, 0x40, 0x41, 0, 0x0e)(out);
        out.u32(targets);
        out.copy(new Uint8Array(targets + 1).fill(100));
        out.byte(END);
      }
    };
    const loops = functions(body(bytes(0), repeated(120, 0x03, 0x40), outward, repeated(120, END), bytes(END)));
    expect(outcome(loops)).toMatch(/^engine: Cannery needs room .*: function 0 has 7\d{6} bytes then/);
  });
});

test("calls of two bytes that move two thousand values each", () => {
  const passing: Write = (out) => {
    out.u32(2);
    out.byte(0x60);
    counted(998, 0x7f)(out);
    counted(998, 0x7f)(out);
    bytes(0x60, 0, 0)(out);
  };
  const calls = body(bytes(0), repeated(998, 0x41, 0), repeated(19_000, 0x10, 0), repeated(998, 0x1a), bytes(END));
  const many = Array.from({ length: 20 }, () => calls);
  const module = moduleOf([1, passing], [3, (out) => {
    out.u32(1 + many.length);
    out.byte(0);
    repeated(many.length, 1)(out);
  }], code([Uint8Array.of(0, 0x00, END), ...many])); // prettier-ignore
  expect(outcome(module)).toBe(`${ROOM}its instructions move more than 400000000 values`);
});
