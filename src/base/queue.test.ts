import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantBroken } from "./assert.ts";
import { nextEpoch } from "./epoch.ts";
import { OwnedQueue } from "./queue.ts";

test("behaves like an array, whatever is forked from whatever", () => {
  const step = fc.record({ do: fc.constantFrom("push", "shift", "fork", "remove"), on: fc.nat(), many: fc.integer({ min: 1, max: 90 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (program) => {
      const family = [{ queue: OwnedQueue.empty<number>(nextEpoch()), model: [] as number[] }];
      let next = 0;
      for (const step of program) {
        const at = step.on % family.length;
        const { queue, model } = family[at]!;
        if (step.do === "fork") {
          family[at] = { queue: queue.fork(nextEpoch()), model };
          family.push({ queue: queue.fork(nextEpoch()), model: [...model] });
        } else if (step.do === "remove") {
          const taken = (n: number): boolean => n % step.many === 0;
          expect(queue.removeWhere(taken)).toEqual(model.filter(taken));
          model.splice(0, model.length, ...model.filter((n) => !taken(n)));
        } else {
          for (let i = 0; i < step.many; i++) {
            if (step.do === "push") queue.push(model[model.push(next++) - 1]!);
            else expect(queue.shift()).toBe(model.shift());
          }
        }
      }
      for (const { queue, model } of family) {
        expect([...queue]).toEqual(model);
        expect(queue.length).toBe(model.length);
        expect(queue.peek()).toBe(model[0]);
      }
    }),
    { numRuns: 100 },
  );
});

test("a forked queue refuses writes, and loses nothing by the attempt", () => {
  const queue = OwnedQueue.empty<string>(nextEpoch());
  queue.push("a");
  const fork = queue.fork(nextEpoch());
  expect(() => queue.push("b")).toThrow(InvariantBroken);
  expect(() => queue.shift()).toThrow(InvariantBroken);
  fork.push("c");
  expect([[...queue], [...fork]]).toEqual([["a"], ["a", "c"]]);
});
