/**
 * Instances that share workers: whoever cannot go elsewhere is not held up there by others, nor ended with them. The workers here only write down what
 * they are given.
 */
import { expect, test } from "vitest";
import type { InstanceRequest } from "../../src/api/pocketic/handler.ts";
import { HostedInstance } from "../../src/host/pocketic/hosted-instance.ts";
import type { Outcome, Task } from "../../src/host/pocketic/messages.ts";
import type { PicWorker, WorkerPool } from "../../src/host/pocketic/pool.ts";

const [LIVE, OTHER] = [1, 2];

class SlowWorker {
  reservedFor: number | null = null;
  running: number | null = null;
  isStuck = false;
  isEnded = false;
  endedDuring: number | null = null;
  isWanted = false;
  readonly given: string[] = [];

  isWantedByOthers(): boolean {
    return this.isWanted;
  }

  /** Never answers. */
  run(instance: number, task: Task): Promise<Outcome> {
    this.given.push(`${instance} ${task.kind === "request" ? task.request.path : task.kind}`);
    return new Promise(() => undefined);
  }

  end(): Promise<void> {
    this.isEnded = true;
    return Promise.resolve();
  }
}

/** A pool that gives one worker after the other, and the last one to who wants one for itself. */
function poolOf(...workers: SlowWorker[]): WorkerPool {
  let taken = 0;
  const pool: Pick<WorkerPool, "take" | "release"> = {
    take: (_, forItself = false) => (forItself ? workers.at(-1) : workers[taken++]) as unknown as PicWorker,
    release: () => undefined,
  };
  return pool as WorkerPool;
}

const START: InstanceRequest = { method: "POST", path: "/auto_progress", contentType: null, body: new Uint8Array(), stored: null };

test("an instance that is deleted does not take the worker of another with it", async () => {
  const worker = new SlowWorker();
  const other = new HostedInstance(OTHER, poolOf(worker));
  worker.reservedFor = LIVE;
  worker.running = OTHER;
  await other.delete();
  expect(worker).toMatchObject({ isEnded: false, given: [`${OTHER} drop`] });
});

test("an instance that is deleted while it runs for ever ends its worker, and not where the worker only did not come to it", async () => {
  const [running, late] = [new SlowWorker(), new SlowWorker()];
  const [endless, idle] = [new HostedInstance(1, poolOf(running)), new HostedInstance(2, poolOf(late))];
  running.running = 1;
  const isDeleted = idle.delete();
  late.running = 2;
  await Promise.all([isDeleted, endless.delete()]);
  expect([running.isEnded, late.isEnded]).toEqual([true, false]);
});

test("an instance whose rounds follow the clock goes where no other runs, and stays there", () => {
  const [shared, alsoShared, own] = [new SlowWorker(), new SlowWorker(), new SlowWorker()];
  const live = new HostedInstance(LIVE, poolOf(shared, alsoShared, own));
  void live.request({ ...START, path: "/update/tick" });
  shared.isWanted = true;
  void live.request(START);
  expect(shared).toMatchObject({ reservedFor: null, given: [`${LIVE} /update/tick`, `${LIVE} drop`] });
  expect(own).toMatchObject({ reservedFor: LIVE, given: [`${LIVE} /update/tick`, `${LIVE} /auto_progress`] });
});
