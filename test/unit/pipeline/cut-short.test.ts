import { expect, test } from "vitest";
import { defineExecutor } from "../../../src/components/executors/index.ts";
import { StopRequest } from "../../../src/kernel/interrupted.ts";
import type { Ended, Starter } from "../../../src/kernel/starter.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { runData } from "../../../src/testing/run-spec.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { faultyEffects } from "../../support/faults.ts";

const PAUSED = 75;

function spec(onCrash: "adopt" | "end") {
  return {
    version: 1,
    name: "cut",
    metric: { name: "score" },
    stop: { hypotheses: 1 },
    researcher: { type: "search", method: "grid", space: { n: { type: "int", low: 1, high: 1 } } },
    experimenter: {
      type: "composed",
      executor: { type: "elsewhere", command: "true", on_crash: onCrash },
      collector: { type: "stdout" },
    },
  };
}

/** Jobs that stay when AURA goes, until one may end. */
class Elsewhere {
  mayEnd = false;
  /** Whether one that was left running is found again. */
  isFound = true;
  started = 0;

  readonly definition = defineExecutor({
    type: "elsewhere",
    summary: "Runs it elsewhere.",
    options: {},
    example: { command: "true" },
    starter: (): Starter => ({
      start: (jobs) =>
        jobs.map((job) => {
          this.started += 1;
          job.known({ number: this.started });
          job.running();
          return { wait: () => this.#end(job.onLine), stop: () => undefined };
        }),
      adopt: async () => (this.isFound ? { wait: async () => ENDED, stop: () => undefined } : null),
      stays: () => true,
    }),
  });

  async #end(onLine: (stream: "stdout", line: string) => void): Promise<Ended> {
    if (!this.mayEnd) return await new Promise(() => undefined);
    onLine("stdout", "score: 1");
    return DONE;
  }
}

const ENDED: Ended = { end: "cancelled", exitCode: null, signal: null };
const DONE: Ended = { end: "exited", exitCode: 0, signal: null };

test.each([
  ["ended for `on_crash: end`", "end", true],
  ["not found again", "adopt", false],
] as const)(
  "a trial that is %s is run again however often AURA is killed, and spends no retry",
  async (_, onCrash, isFound) => {
    using dir = temporaryDirectory();
    const jobs = new Elsewhere();
    jobs.isFound = isFound;
    const definitions = [jobs.definition];
    const kills = 4;
    for (let killed = 1; killed <= kills; killed++) {
      const stop = new AbortController();
      const running = runData(dir, spec(onCrash), { definitions, signal: stop.signal });
      await expect.poll(() => jobs.started, { timeout: 5000 }).toBe(killed);
      stop.abort(new StopRequest(PAUSED, true));
      await running;
    }
    jobs.mayEnd = true;
    const { result, workspace } = await runData(dir, spec(onCrash), { definitions });
    expect(result.exitCode).toBe(0);
    const trial = workspace.readTrial("i00001-h000-t00");
    expect(trial?.outcome).toEqual({ status: "completed", output: { score: 1 } });
    expect(trial?.attempts.map(({ status }) => status)).toEqual([...Array(kills).fill("cancelled"), "completed"]);
  },
);

test("a trial that AURA was killed at before it was recorded counts when its process was started, and its next attempt is another", async () => {
  using dir = temporaryDirectory();
  const local = { ...spec("end"), experimenter: { type: "script", command: "echo score=1" } };
  using calm = temporaryDirectory();
  const whole = faultyEffects(systemEffects());
  await runData(calm, local, { effects: whole.effects });
  const at = 1 + whole.crossings.findIndex(({ target }) => target.includes("i00001-h000-t00.json"));
  const plan = { at, when: "before", fault: "die" } as const;
  await expect(runData(dir, local, { effects: faultyEffects(systemEffects(), plan).effects })).rejects.toThrow();
  const { result, workspace } = await runData(dir, local);
  expect(result.totals.trials).toBe(2);
  expect(workspace.readTrial("i00001-h000-t00")?.attempts.map(({ attempt }) => attempt)).toEqual([2]);
});
