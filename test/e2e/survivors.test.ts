import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import type { Trial } from "../../src/model/trial.ts";
import { type Desk, desk, spec } from "../support/aura.ts";
import { DOCKER_IMAGE, docker } from "../support/docker.ts";
import { few } from "../support/thorough.ts";
import { bindfs, bwrap, slurm, type WithTool } from "../support/tools.ts";

const LONG_MS = 120_000;
const SLURM = { SLURM_CONF: process.env.SLURM_CONF ?? "/etc/slurm/slurm.conf" };
const TRIALS = ["i00001-h000-t00", "i00001-h001-t00"];

const onNode: WithTool = bwrap.works ? slurm : bwrap;
const PLACES: readonly (readonly [name: string, place: string, tool: WithTool])[] = [
  ["bwrap", "executor: { type: bwrap", bwrap],
  ["script", "executor: { type: script", { works: true, describe, test }],
  ["bindfs", "executor: { type: bindfs", bindfs],
  ["docker", `environment: { type: docker, image: ${DOCKER_IMAGE} }, executor: { type: script`, docker],
  ["slurm with bwrap", "executor: { type: slurm, mem: 16M, poll_interval: 1s, inside: { type: bwrap }", onNode],
];

/** A project whose trials ignore SIGTERM, leave a child in a session of its own and a daemon, and take two seconds. */
function project(place: string, options: string, seconds: number): Desk {
  const family = `trap '' TERM
(setsid sleep ${seconds} >/dev/null 2>&1 &)
sh -c 'setsid sleep ${seconds} >/dev/null 2>&1 & sleep ${seconds} >/dev/null 2>&1 &'
touch "$AURA_TRIAL_DIR/up"
sleep 2
echo "score: $1"`;
  return desk({
    "family.sh": family,
    "spec.yaml": spec({
      experimenter: `{ type: composed, ${place}, command: "sh family.sh {x}"${options} } }`,
      researcher: "{ type: search, method: grid, num_tasks: 2, space: { x: { type: int, low: 0, high: 1 } } }",
      more: "parallel: 2",
    }),
  });
}

const trials = (of: Desk): readonly unknown[] =>
  TRIALS.map((id) => {
    const trial = of.json<Trial>(`run/iterations/00001/trials/${id}.json`);
    return trial.state === "finished" ? trial.outcome.status : trial.state;
  });

const left = (seconds: number): string =>
  execFileSync("sh", ["-c", `pgrep -fx 'sleep ${seconds}' || true`], { encoding: "utf8" });
const mounts = (of: Desk): boolean => readFileSync("/proc/self/mountinfo", "utf8").includes(of.path);

/** Waits until a trial has started what it starts. */
async function isUp(of: Desk): Promise<void> {
  const ups = TRIALS.map((id) => of.join(`run/iterations/00001/trials/${id}.a1/up`));
  await vi.waitUntil(() => ups.some((path) => existsSync(path)), { timeout: LONG_MS / 2, interval: 20 });
}

const RUN = ["run", "spec.yaml", "--workspace", "run", "--reporter", "plain"];

/** How trials are ended, and what their records say then. */
interface End {
  /** Of the executor. */
  readonly options: string;
  readonly end: (of: Desk) => Promise<readonly string[] | null>;
}

const ENDS: Readonly<Record<string, End>> = {
  "has its timeout": {
    options: ", timeout: 1s",
    end: async (of) => {
      expect((await of.run(RUN, SLURM)).code).toBe(1);
      return ["timeout", "timeout"];
    },
  },
  "is interrupted": {
    options: "",
    end: async (of) => {
      const run = of.start([...RUN, "--grace", "100ms"], SLURM);
      await isUp(of);
      run.kill("SIGINT");
      expect((await run.ended).code).toBe(130);
      return null;
    },
  },
  "is gone on with by a second AURA": {
    options: "",
    end: async (of) => {
      const first = of.start(RUN, SLURM);
      await isUp(of);
      first.kill("SIGKILL");
      await first.ended;
      const { code, stderr } = await of.run(["resume", "run"], SLURM);
      expect([code, stderr]).toEqual([0, ""]);
      return ["completed", "completed"];
    },
  },
};

// They wait more than they work.
describe.concurrent("a trial that ignores SIGTERM and starts daemons", () => {
  for (const [at, [name, place, tool]] of few(PLACES).entries()) {
    for (const [n, [when, { options, end }]] of few(Object.entries(ENDS)).entries()) {
      tool.test(
        `leaves nothing of itself in ${name} when it ${when}`,
        async () => {
          // No other test's processes sleep as long.
          const seconds = 10_000_000 + process.pid * 100 + at * 10 + n;
          using of = project(place, options, seconds);
          const outcomes = await end(of);
          expect(left(seconds)).toBe("");
          expect(mounts(of)).toBe(false);
          if (outcomes !== null) expect(trials(of)).toEqual(outcomes);
        },
        LONG_MS,
      );
    }
  }
});
