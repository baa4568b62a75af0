import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { describe } from "vitest";
import type { Trial } from "../../src/model/trial.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { type Desk, desk, grid, spec } from "../support/aura.ts";
import { FULL, thorough } from "../support/thorough.ts";
import { slurm, slurmd } from "../support/tools.ts";

const LONG_MS = 120_000;
/** Says that it runs, waits for `go`, and gives its parameter. */
const WAITS = 'echo "$AURA_TRIAL_ID" >> ran; while ! test -e go; do sleep 0.1; done; echo "score: $1"';

const env = { SLURM_CONF: process.env.SLURM_CONF ?? "/etc/slurm/slurm.conf" };

/** A spec whose trials go to the cluster. */
function onSlurm(line: string, options = "", trials = 3): string {
  const command = JSON.stringify(["sh", "-c", line, "sh", "{x}"]);
  return spec({
    researcher: grid(trials),
    experimenter: `{ type: composed, executor: { type: slurm, command: ${command}, mem: 16M, poll_interval: 1s${options} } }`,
  });
}

/** What the run in `runs/tiny` has in the cluster when the desk is disposed of is taken out. */
interface ClusterDesk extends Desk {
  /** Default: of the run in `runs/tiny`. */
  trials(workspace?: string): readonly Trial[];
  ends(): readonly string[];
  arrays(): readonly string[];
}

function clusterDesk(): ClusterDesk {
  const here = desk();
  const trials: ClusterDesk["trials"] = (workspace = "runs/tiny") => {
    const folder = `${workspace}/iterations/00001/trials`;
    const records = readdirSync(here.join(folder)).filter((name) => name.endsWith(".json"));
    return records.sort().map((name) => here.json<Trial>(`${folder}/${name}`));
  };
  const arrays = (): readonly string[] =>
    existsSync(here.join("runs/tiny/jobs")) ? readdirSync(here.join("runs/tiny/jobs")) : [];
  return {
    ...here,
    trials,
    ends: () => trials().map((trial) => (trial.state === "finished" ? trial.outcome.status : trial.state)),
    arrays,
    [Symbol.dispose]: () => {
      for (const name of arrays()) execFileSync("scancel", [`--name=${name}`]);
      here[Symbol.dispose]();
    },
  };
}

const squeue = (name: string): string => execFileSync("squeue", ["-h", "-r", `--name=${name}`, "-o", "%T"]).toString();
const arraysOf = (all: readonly Trial[]): readonly string[] => {
  const names = all.flatMap(({ attempts }) => attempts.map(({ ref }) => String(ref?.name)));
  return [...new Set(names)];
};

// They wait more than they work.
slurm.describe("on a Slurm cluster", () =>
  describe.concurrent("trials", () => {
    slurm.test(
      "run once each, though AURA is killed and resumed again and again",
      async ({ expect }) => {
        using here = clusterDesk();
        here.write("spec.yaml", onSlurm(WAITS));
        const first = here.start(["run", "spec.yaml"], env);
        await expect.poll(() => here.lines("ran").length, { timeout: LONG_MS }).toBeGreaterThan(0);
        first.kill("SIGKILL");
        await first.ended;
        const second = here.start(["resume", "runs/tiny"], env);
        await second.until("trial.started");
        second.kill("SIGKILL");
        await second.ended;
        // As one that was killed before it had recorded or submitted its jobs.
        const lost = { env: { AURA_TRIAL_ID: "i00001-h000-t00" } };
        here.write("runs/tiny/jobs/aura-0123456789abcdef/0.job.json", JSON.stringify(lost));
        here.write("go", "");
        const { code, stderr } = await here.run(["resume", "runs/tiny"], env);
        expect(code, stderr).toBe(0);
        expect(here.ends()).toEqual(["completed", "completed", "completed"]);
        expect([...here.lines("ran")].sort()).toEqual(["i00001-h000-t00", "i00001-h001-t00", "i00001-h002-t00"]);
        expect(here.trials().map(({ attempts }) => attempts.length)).toEqual([1, 1, 1]);
        expect(arraysOf(here.trials())).toHaveLength(1);
        expect(here.arrays()).toEqual([]);
      },
      LONG_MS,
    );

    for (const workspace of ["100%sure", "a\\b"])
      thorough(
        `run in a workspace whose path Slurm would read otherwise, ${workspace}`,
        async ({ expect }) => {
          using here = clusterDesk();
          here.write("spec.yaml", onSlurm('echo "score: $1"', "", 1));
          const { code, stderr } = await here.run(["run", "spec.yaml", "--workspace", workspace], env);
          expect(code, stderr).toBe(0);
          expect(here.trials(workspace).map(({ attempts }) => attempts.length)).toEqual([1]);
        },
        LONG_MS,
      );

    thorough(
      "stay in the cluster when AURA is terminated, and are cancelled when it is interrupted for good",
      async ({ expect }) => {
        using here = clusterDesk();
        here.write("spec.yaml", onSlurm(WAITS));
        const first = here.start(["run", "spec.yaml"], env);
        await expect.poll(() => here.lines("ran").length, { timeout: LONG_MS }).toBeGreaterThan(0);
        first.kill("SIGTERM");
        expect((await first.ended).code).toBe(143);
        const [name = ""] = arraysOf(here.trials());
        expect(squeue(name)).toContain("RUNNING");
        const second = here.start(["resume", "runs/tiny", "--grace", "0s"], env);
        await second.until("trial.started");
        second.kill("SIGINT");
        expect((await second.ended).code).toBe(130);
        await expect.poll(() => squeue(name), { timeout: LONG_MS }).toBe("");
      },
      LONG_MS,
    );

    thorough(
      "that AURA was ending when it was killed are ended by the next resume, which runs them again",
      async ({ expect }) => {
        using here = clusterDesk();
        here.write("spec.yaml", onSlurm(`trap "" TERM; ${WAITS}`, "", 1));
        const first = here.start(["run", "spec.yaml", "--grace", "0s"], env);
        await expect.poll(() => here.lines("ran").length, { timeout: LONG_MS }).toBe(1);
        first.kill("SIGINT");
        const stops = (): boolean =>
          here.arrays().some((name) => existsSync(here.join(`runs/tiny/jobs/${name}/0.stop`)));
        await expect.poll(stops, { timeout: LONG_MS, interval: 5 }).toBe(true);
        first.kill("SIGKILL");
        await first.ended;
        here.write("go", "");
        expect((await here.run(["resume", "runs/tiny"], env)).code).toBe(0);
        expect(here.ends()).toEqual(["completed"]);
        expect(here.trials().map(({ attempts }) => attempts.length)).toEqual([2]);
        for (const name of arraysOf(here.trials())) expect(squeue(name)).toBe("");
        expect(here.arrays()).toEqual([]);
      },
      LONG_MS,
    );

    thorough(
      "that never start are reported with the scheduler's reason, and given up after `queue_timeout`",
      async ({ expect }) => {
        using here = clusterDesk();
        here.write("spec.yaml", onSlurm("echo ran >> ran", ", queue_timeout: 4s, extra_args: [--hold]", 1));
        const { stdout, code } = await here.run(["run", "spec.yaml", "--reporter", "plain"], env);
        expect(code).toBe(1);
        expect(stdout).toMatch(/trials wait in the queue of the cluster: JobHeldUser/);
        const [trial] = here.trials();
        expect(here.ends()).toEqual(["cancelled"]);
        expect(trial?.attempts[0]?.message).toMatch(/not started within 4 s in the queue: JobHeldUser/);
        expect(squeue(arraysOf(here.trials())[0] ?? "")).toBe("");
        expect(here.lines("ran")).toEqual([]);
      },
      LONG_MS,
    );

    thorough(
      "that somebody takes out of the cluster are cancelled, waiting or running; the others go on",
      async ({ expect }) => {
        using here = clusterDesk();
        here.write("spec.yaml", onSlurm(WAITS, "", 4));
        const live = here.start(["run", "spec.yaml"], env);
        await expect.poll(() => here.lines("ran").length, { timeout: LONG_MS }).toBeGreaterThan(0);
        const running = here.trials().find(({ id }) => here.lines("ran").includes(id));
        const waiting = here.trials().findLast(({ id }) => !here.lines("ran").includes(id));
        const ids = [running, waiting].map((trial) => String(trial?.attempts[0]?.ref?.job));
        execFileSync("scancel", ids);
        await expect.poll(() => here.ends().filter((end) => end === "cancelled").length, { timeout: LONG_MS }).toBe(2);
        here.write("go", "");
        expect((await live.ended).code).toBe(0);
        const ended = Object.fromEntries(here.trials().map(({ id }, index) => [id, here.ends()[index]]));
        expect(ended[running?.id ?? ""]).toBe("cancelled");
        expect(ended[waiting?.id ?? ""]).toBe("cancelled");
        expect(Object.values(ended).filter((status) => status === "completed")).toHaveLength(2);
        expect(here.lines("ran")).not.toContain(waiting?.id);
      },
      LONG_MS,
    );

    thorough(
      "get what `pass_env` names, and leave it on no disk",
      async ({ expect }) => {
        using here = clusterDesk();
        const secret = "s3cret-w0rd-of-mine";
        here.write("spec.yaml", onSlurm('echo "have $MY_TOKEN"; echo "score: $1"', ", pass_env: [MY_TOKEN]", 1));
        expect((await here.run(["run", "spec.yaml"], { ...env, MY_TOKEN: secret })).code).toBe(0);
        const log = "runs/tiny/iterations/00001/trials/i00001-h000-t00.a1.stdout.log";
        expect(here.read(log)).toContain("have [redacted]");
        const holding = readdirSync(here.path, { recursive: true, withFileTypes: true }).filter(
          (entry) => entry.isFile() && readFileSync(`${entry.parentPath}/${entry.name}`, "utf8").includes(secret),
        );
        expect(holding.map(({ name }) => name)).toEqual([]);
      },
      LONG_MS,
    );

    thorough(
      "that the cluster ends at their `time` have had their timeout, and say who ended them",
      async ({ expect }) => {
        using here = clusterDesk();
        here.write("spec.yaml", onSlurm(WAITS, ", time: 1m", 1));
        expect((await here.run(["run", "spec.yaml"], env)).code).toBe(1);
        const [trial] = here.trials();
        expect(here.ends()).toEqual(["timeout"]);
        expect(trial?.attempts).toMatchObject([{ status: "timeout", message: expect.stringContaining("TIMEOUT") }]);
      },
      2 * LONG_MS,
    );

    thorough(
      "on a node that cannot mount views say so, and were never run",
      async ({ expect }) => {
        using here = clusterDesk();
        const bindfs = here.write("bin/bindfs", "#!/bin/sh\necho 'fuse: device not found' >&2\nexit 1\n");
        chmodSync(bindfs, 0o755);
        here.write("spec.yaml", onSlurm(WAITS, ", inside: { type: bindfs }", 1));
        const path = `${here.join("bin")}:${process.env.PATH}`;
        expect((await here.run(["run", "spec.yaml"], { ...env, PATH: path })).code).toBe(1);
        const message = expect.stringMatching(/bindfs cannot mount a view on .*: fuse: device not found/);
        expect(here.trials()[0]).toMatchObject({ outcome: { status: "spawn-error", failure: { message } } });
        const { runId } = here.json<{ runId: string }>("runs/tiny/run.json");
        expect(readdirSync("/tmp").filter((name) => name.startsWith(`aura-views-${runId}`))).toEqual([]);
        expect(here.lines("ran")).toEqual([]);
      },
      LONG_MS,
    );
  }),
);

const OUTAGE_MS = 20_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface OwnCluster extends Disposable {
  readonly env: Readonly<Record<string, string>>;
  /** Ends its controller or its node's daemon, as a crash would. */
  crash(daemon: "slurmctld" | "slurmd"): void;
  run(program: string, ...args: readonly string[]): void;
}

/** A cluster of this machine that a test may break. */
function ownCluster(): OwnCluster {
  const folder = temporaryDirectory();
  const variables = { ...process.env, AURA_SLURM_PORT: "27817" };
  const manage = (verb: string): string =>
    execFileSync(resolve(".ci/slurm"), [verb, folder.path], { env: variables, encoding: "utf8" }).trim();
  const env = { SLURM_CONF: manage("start") };
  return {
    env,
    crash: (daemon) => void process.kill(Number(readFileSync(folder.join(`${daemon}.pid`), "utf8")), "SIGKILL"),
    run: (program, ...args) => void execFileSync(program, args, { env: { ...variables, ...env } }),
    [Symbol.dispose]: () => {
      manage("stop");
      folder[Symbol.dispose]();
    },
  };
}

if (FULL) {
  slurmd.test(
    "two hundred trials finish, each run once, through a kill of AURA and twenty seconds without a controller",
    async ({ expect }) => {
      using here = clusterDesk();
      using cluster = ownCluster();
      const ran = (): number => here.lines("ran").length;
      const reaches = (count: number) => expect.poll(ran, { timeout: 600_000, interval: 500 }).toBeGreaterThan(count);
      here.write("spec.yaml", onSlurm('echo "$AURA_TRIAL_ID" >> ran; echo "score: $1"', "", 200));
      const first = here.start(["run", "spec.yaml"], cluster.env);
      await reaches(40);
      first.kill("SIGKILL");
      await first.ended;
      const second = here.start(["resume", "runs/tiny"], cluster.env);
      await reaches(100);
      cluster.crash("slurmctld");
      await pause(OUTAGE_MS);
      cluster.run("slurmctld");
      expect((await second.ended).code).toBe(0);
      expect(here.ends()).toEqual(Array.from({ length: 200 }, () => "completed"));
      expect(ran()).toBe(200);
      expect(new Set(here.lines("ran")).size).toBe(200);
      expect(arraysOf(here.trials())).toHaveLength(1);
      const jobs = here.trials().flatMap(({ attempts }) => attempts.map(({ ref }) => ref?.job));
      expect([jobs.length, new Set(jobs).size]).toEqual([200, 200]);
    },
    900_000,
  );

  slurmd.test(
    "a trial whose node is lost is lost, with the cluster's word for it, and is run again on one that works",
    async ({ expect }) => {
      using here = clusterDesk();
      using cluster = ownCluster();
      here.write("spec.yaml", onSlurm(WAITS, "", 1));
      const live = here.start(["run", "spec.yaml"], cluster.env);
      await expect.poll(() => here.lines("ran").length, { timeout: LONG_MS }).toBe(1);
      const node = hostname().split(".")[0] ?? "";
      cluster.run("scontrol", "update", `nodename=${node}`, "state=down", "reason=test");
      // By itself it comes back as soon as its daemon is heard of.
      await live.until("trial.finished");
      here.write("go", "");
      expect((await live.ended).code).toBe(0);
      const [trial] = here.trials();
      expect(trial?.attempts.map(({ status }) => status)).toEqual(["lost", "completed"]);
      expect(trial?.attempts[0]?.message).toContain("NODE_FAIL");
      expect(here.lines("ran")).toHaveLength(2);
    },
    LONG_MS,
  );
}
