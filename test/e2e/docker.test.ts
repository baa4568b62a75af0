import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { expect, test, vi } from "vitest";
import type { Trial } from "../../src/model/trial.ts";
import { type Desk, desk } from "../support/aura.ts";
import { DOCKER_IMAGE, docker } from "../support/docker.ts";
import { FULL } from "../support/thorough.ts";
import { slurm } from "../support/tools.ts";

const thorough: typeof docker.test = (name, body, timeoutMs) =>
  FULL ? docker.test(name, body, timeoutMs) : void test.skip(name, () => undefined);

/** A project whose trials run in containers, for as long as they find no file `go` and at most a minute. */
function project(environment = `image: ${DOCKER_IMAGE}`): Desk {
  return desk({
    "wait.sh": `echo run >> "$AURA_TRIAL_DIR/runs"; echo "lr: 1"; n=0
      while [ ! -e go ] && [ $n -lt 600 ]; do n=$((n+1)); sleep 0.1; done; echo "score: $1"`,
    "aura.yaml": `version: 1
name: boxed
metric: { name: score }
stop: { iterations: 1 }
parallel: 2
researcher: { type: search, method: grid, num_tasks: 2, space: { n: { type: int, low: 1, high: 2 } } }
experimenter:
  type: composed
  environment: { type: docker, ${environment} }
  executor: { type: script, command: "sh wait.sh {n}" }
`,
  });
}

const SLURM = { SLURM_CONF: process.env.SLURM_CONF ?? "/etc/slurm/slurm.conf" };
const TRIALS = ["i00001-h000-t00", "i00001-h001-t00"];
const PATIENCE = { timeout: 20_000, interval: 50 };

const trial = (at: Desk, id: string): Trial => at.json(`runs/boxed/iterations/00001/trials/${id}.json`);

/** Containers of this project's run, by name and state. */
function containers(at: Desk): readonly string[] {
  const { runId } = at.json<{ runId: string }>("runs/boxed/run.json");
  const format = "{{.Names}} {{.State}}";
  return execFileSync("docker", ["ps", "-a", "--filter", `name=aura-${runId}-`, "--format", format], {
    encoding: "utf8",
  })
    .split("\n")
    .filter((line) => line !== "");
}

/** Once both trials have begun in their containers. */
async function begun(at: Desk): Promise<void> {
  const begins = (id: string): boolean => at.lines(`runs/boxed/iterations/00001/trials/${id}.a1/runs`).length > 0;
  await vi.waitUntil(() => TRIALS.every(begins), PATIENCE);
}

async function containersAreThere(at: Desk): Promise<void> {
  await vi.waitUntil(() => at.read("runs/boxed/run.json") !== null && containers(at).length >= 2, PATIENCE);
}

for (const when of ["run on", "have ended"]) {
  thorough(`containers that ${when} when AURA is killed are gone on with, not run again`, async () => {
    using at = project();
    const aura = at.start(["run", "aura.yaml"]);
    await begun(at);
    aura.kill("SIGKILL");
    await aura.ended;
    expect(containers(at)).toHaveLength(2);
    if (when === "have ended") {
      at.write("go", "");
      const { runId } = at.json<{ runId: string }>("runs/boxed/run.json");
      expect(runId).not.toBe("");
      execFileSync("docker", ["wait", ...containers(at).map((line) => line.split(" ")[0] ?? "")]);
    }
    const resuming = at.start(["resume", "runs/boxed"]);
    at.write("go", "");
    const { code, stderr } = await resuming.ended;
    expect(stderr).not.toContain("warn");
    expect(code).toBe(0);
    for (const [n, id] of TRIALS.entries()) {
      expect(trial(at, id)).toMatchObject({ state: "finished", outcome: { output: { score: n + 1 } } });
      expect(at.lines(`runs/boxed/iterations/00001/trials/${id}.a1/runs`)).toEqual(["run"]);
      expect(at.read(`runs/boxed/iterations/00001/trials/${id}.a1.stdout.log`)).toBe(`lr: 1\nscore: ${n + 1}\n`);
    }
    expect(containers(at)).toEqual([]);
  });
}

thorough("a container that a restart of the machine has ended is run again, and no failure of its trial", async () => {
  using at = project();
  const aura = at.start(["run", "aura.yaml"]);
  await begun(at);
  aura.kill("SIGKILL");
  await aura.ended;
  execFileSync("docker", ["kill", ...containers(at).map((line) => line.split(" ")[0] ?? "")]);
  for (const id of TRIALS) {
    const file = `runs/boxed/iterations/00001/trials/${id}.json`;
    const { bootId } = trial(at, id).attempts[0]?.ref ?? {};
    expect(bootId).toMatch(/./);
    at.write(file, (at.read(file) ?? "").replace(String(bootId), "an-earlier-one"));
  }
  at.write("go", "");
  expect((await at.run(["resume", "runs/boxed"])).code).toBe(0);
  for (const id of TRIALS) expect(trial(at, id).attempts.map(({ status }) => status)).toEqual(["lost", "completed"]);
});

thorough("the record of a trial in a container says what CPU time and memory it took", async () => {
  using at = project();
  at.write(
    "wait.sh",
    `dd if=/dev/zero of=/dev/null bs=60M count=1; (ulimit -t 2; while :; do :; done); echo "score: $1"`,
  );
  expect((await at.run(["run", "aura.yaml"])).code).toBe(0);
  for (const id of TRIALS) {
    const { cpuSeconds = 0, peakMemoryBytes = 0, load = null } = trial(at, id).attempts[0] ?? {};
    expect(cpuSeconds).toBeGreaterThan(1);
    expect(cpuSeconds).toBeLessThan(4);
    expect(peakMemoryBytes).toBeGreaterThan(30 * 2 ** 20);
    expect(load).not.toBeNull();
  }
});

/** What a trial prints first: what it finds of earlier ones, and since when its container has been running. */
const FINDS = `echo "files: $(find /tmp /dev/shm -xdev -type f | wc -l)"; echo "others: $(grep -lx -e 'sleep' /proc/[0-9]*/comm | wc -l)"
echo "since: $(cut -d' ' -f22 /proc/1/stat)"; echo 1 > "$AURA_TRIAL_DIR/own"; echo "score: $1"\n`;

thorough(
  "trials in a warm container share it, until one leaves something or does not end by itself",
  async () => {
    using at = project(`image: ${DOCKER_IMAGE}, warm: true`);
    const ways = [
      "touch /tmp/file /dev/shm/file",
      "true",
      `mkdir /tmp/kept; touch /tmp/kept/file; chmod 0 /tmp/kept`,
      "true",
      "setsid sleep 999 >&- 2>&- &",
      "true",
      `trap "" TERM; setsid sh -c 'trap "" TERM; sleep 999; true' & sleep 999; true`,
      `rm -r "$AURA_TRIAL_DIR"; ln -s /bin "$AURA_TRIAL_DIR"; touch "\${AURA_TRIAL_DIR%/*}/beside"; mkdir "$AURA_TRIAL_DIR/locked"; chmod 0 "$AURA_TRIAL_DIR/locked"`,
      "dd if=/dev/zero of=/tmp/file bs=1M count=100",
      `[ ! -e "\${AURA_TRIAL_DIR%/*}/beside" ]`,
    ];
    at.write("ways.sh", `${FINDS}case $1 in ${ways.map((way, n) => `${n}) ${way};;`).join(" ")} esac\n`);
    const spec = (at.read("aura.yaml") ?? "").replace(
      /num_tasks.*/,
      "num_tasks: 10, space: { n: { type: int, low: 0, high: 9 } } }",
    );
    at.write(
      "aura.yaml",
      spec
        .replace("parallel: 2", "parallel: 1")
        .replace(`"sh wait.sh {n}"`, `"sh ways.sh {n}", timeout: 3s, limits: { memory: 50M }`),
    );
    expect((await at.run(["run", "aura.yaml"])).code).toBe(0);
    const trials = ways.map((_, n) => trial(at, `i00001-h00${n}-t00`));
    const statuses = trials.map((each) => each.state === "finished" && each.outcome.status);
    const completed = Array(6).fill("completed");
    expect(statuses).toEqual([...completed, "timeout", "completed", "out-of-memory", "completed"]);
    const told = ways.map(
      (_, n) => at.read(`runs/boxed/iterations/00001/trials/i00001-h00${n}-t00.a1.stdout.log`) ?? "",
    );
    expect(told.filter((text) => text.includes("files: 0\nothers: 0\n"))).toHaveLength(10);
    const since = told.map((text) => /since: (\d+)/.exec(text)?.[1]);
    const isSame = since.slice(1).map((one, n) => one === since[n]);
    expect(isSame).toEqual([true, true, false, true, false, true, false, true, false]);
    expect(trials[0]?.attempts[0]?.ref).toMatchObject({ warm: true });
    const folder = "runs/boxed/iterations/00001/trials";
    expect(at.read(`${folder}/i00001-h006-t00.a1/own`)).toBe("1\n");
    const { mode } = statSync(at.join(`${folder}/i00001-h007-t00.a1/locked`));
    expect([mode & 0o777, readdirSync(at.join(`${folder}/i00001-h007-t00.a1`))]).toEqual([0, ["bin", "locked"]]);
    expect(existsSync(at.join("runs/boxed/warm"))).toBe(false);
    expect(containers(at)).toEqual([]);
  },
  120_000,
);

for (const [what, environment, executor] of [
  ["a warm container", "warm: true", ""],
  ["a container with `on_crash: end`", "warm: false", ", on_crash: end"],
]) {
  thorough(`trials in ${what} are ended by the resume after AURA was killed, and run again`, async () => {
    using at = project(`image: ${DOCKER_IMAGE}, ${environment}`);
    at.write("aura.yaml", (at.read("aura.yaml") ?? "").replace(`{n}"`, `{n}"${executor}`));
    const aura = at.start(["run", "aura.yaml"]);
    await containersAreThere(at);
    aura.kill("SIGKILL");
    await aura.ended;
    const before = containers(at);
    expect(before).toHaveLength(2);
    at.write("go", "");
    expect((await at.run(["resume", "runs/boxed"])).code).toBe(0);
    expect(containers(at)).toEqual([]);
    for (const [n, id] of TRIALS.entries()) {
      expect(trial(at, id)).toMatchObject({ state: "finished", outcome: { output: { score: n + 1 } } });
      expect(at.lines(`runs/boxed/iterations/00001/trials/${id}.a2/runs`)).toEqual(["run"]);
    }
  });
}

thorough("warm containers end with the run at Ctrl-C", async () => {
  using at = project(`image: ${DOCKER_IMAGE}, warm: true`);
  const aura = at.start(["run", "aura.yaml", "--grace", "0s"]);
  await containersAreThere(at);
  aura.kill("SIGINT");
  expect((await aura.ended).code).toBe(130);
  expect(containers(at)).toEqual([]);
});

thorough("trials share a volume of docker's, which stays, and have the variables of their environment", async () => {
  const name = `aura-test-${process.pid}`;
  using at = project(`image: ${DOCKER_IMAGE}, user: image, volumes: { ${name}: /a/cache }, variables: { SAYS: hello }`);
  at.write("wait.sh", `echo "$SAYS" >> /a/cache/said; echo "score: $(grep -cx hello /a/cache/said)"`);
  at.write("aura.yaml", (at.read("aura.yaml") ?? "").replace("parallel: 2", "parallel: 1"));
  try {
    expect((await at.run(["run", "aura.yaml"])).code).toBe(0);
    const outcomes = TRIALS.map((id) => trial(at, id));
    expect(outcomes).toMatchObject([1, 2].map((score) => ({ outcome: { output: { score } } })));
  } finally {
    execFileSync("docker", ["volume", "rm", name], { stdio: "ignore" });
  }
});

docker.test("what a container cannot be made of ends the run before anything is spent", async () => {
  using at = project(`image: ${DOCKER_IMAGE}, network: aura-no-such-network`);
  const { code, stderr } = await at.run(["run", "aura.yaml"]);
  expect([code, stderr]).toEqual([5, expect.stringContaining("docker network create aura-no-such-network")]);
  using built = project("dockerfile: Dockerfile");
  built.write("Dockerfile", `FROM ${DOCKER_IMAGE}\nCOPY absent /absent\n`);
  const build = await built.run(["run", "aura.yaml"]);
  expect([build.code, build.stderr]).toEqual([5, expect.stringMatching(/COPY absent[\s\S]*docker build/)]);
  expect([at, built].some((each) => existsSync(each.join("runs")))).toBe(false);
});

test("a warm container goes with no cluster, whose jobs have one each, and with no other user", async () => {
  using at = project(`image: ${DOCKER_IMAGE}, warm: true`);
  at.write(
    "aura.yaml",
    (at.read("aura.yaml") ?? "").replace(/executor: .*/, `executor: { type: slurm, command: "true" }`),
  );
  const { code, stderr } = await at.run(["validate", "aura.yaml"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("environment")]);
  using other = project(`image: ${DOCKER_IMAGE}, warm: true, user: image`);
  const said = await other.run(["validate", "aura.yaml"]);
  expect([said.code, said.stderr]).toEqual([2, expect.stringContaining("`warm` goes with `user: caller` only")]);
});

thorough(
  "two interrupts leave at once, and the next resume runs the trials again without counting a failure",
  async () => {
    using at = project();
    const aura = at.start(["run", "aura.yaml"]);
    await begun(at);
    aura.kill("SIGINT");
    await aura.until("a second signal", "stderr");
    aura.kill("SIGINT");
    expect((await aura.ended).code).toBe(130);
    at.write("go", "");
    expect((await at.run(["resume", "runs/boxed"])).code).toBe(0);
    for (const id of TRIALS) {
      const { attempts } = trial(at, id);
      // Whether the end of the first is recorded depends on which was faster.
      expect(attempts.map(({ status = "cancelled" }) => status)).toEqual(["cancelled", "completed"]);
    }
    expect(containers(at)).toEqual([]);
  },
);

thorough("an image is built from a Dockerfile, and recorded by its id", async () => {
  using at = project("dockerfile: image/Dockerfile");
  at.write("image/Dockerfile", `FROM ${DOCKER_IMAGE}\nCOPY known /known\nENTRYPOINT ["false"]\n`);
  at.write("image/known", "7");
  at.write("wait.sh", `echo "score: $(cat /known)"`);
  const { code, stdout } = await at.run(["run", "aura.yaml", "--json"]);
  expect(code).toBe(0);
  expect(stdout).toContain('"score":7');
  expect(stdout).toMatch(/"run\.started".*\n.*"preparation\.started".*"what":"image of Dockerfile"/);
  const [name] = trial(at, "i00001-h000-t00").attempts.map(({ environment }) => environment);
  const record = at.json<{ id: string }>(`runs/boxed/environments/${name}.json`);
  expect(record).toMatchObject({ type: "docker", network: "none" });
  expect(execFileSync("docker", ["image", "inspect", record.id])).not.toBe("");
  at.write("image/known", "8");
  rmSync(at.join("runs/boxed/iterations/00001/trials/i00001-h001-t00.json"));
  expect((await at.run(["resume", "runs/boxed"])).stdout).toMatch(/image-changed .* is another image now/);
});

test("without a daemon a run ends with 5 before anything is written, and says what was tried", async () => {
  using at = project();
  const { code, stderr } = await at.run(["run", "aura.yaml"], { DOCKER_HOST: "unix:///nonexistent/sock" });
  expect(code).toBe(5);
  expect(stderr).toMatch(/docker is not on PATH|no daemon answers `docker version/);
  expect(stderr).toContain("apt-get install docker.io");
  expect(at.read("runs/boxed/run.json")).toBeNull();
});

thorough("an image that is not there, and a daemon elsewhere, end a run with 5", async () => {
  using absent = project("image: no-such-image");
  const { code, stderr } = await absent.run(["run", "aura.yaml"]);
  expect([code, stderr]).toEqual([5, expect.stringContaining("docker pull no-such-image")]);
});

test("environment docker goes with commands alone, and with executors that start them as local processes", async () => {
  using at = project();
  for (const executor of [`{ type: bwrap, command: "sh wait.sh {n}" }`, `{ type: function, module: ./f.mjs }`]) {
    at.write("f.mjs", "export default () => ({ score: 1 });");
    at.write("other.yaml", (at.read("aura.yaml") ?? "").replace(/executor: .*/, `executor: ${executor}`));
    const { code, stderr } = await at.run(["validate", "other.yaml"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("environment")]);
  }
});

(slurm.works ? thorough : slurm.test)(
  "a container is run by a Slurm job as by AURA, and ends with it",
  async () => {
    using at = project();
    at.write("stay.sh", `trap "" TERM; [ "$1" = 1 ] && echo "score: 1" && exit; while :; do sleep 0.1; done`);
    const executor = `{ type: slurm, command: "sh stay.sh {n}", timeout: 15s, mem: 50M, poll_interval: 1s, limits: { memory: 100M } }`;
    at.write("slurm.yaml", (at.read("aura.yaml") ?? "").replace(/executor: .*/, `executor: ${executor}`));
    expect((await at.run(["run", "slurm.yaml", "--workspace", "runs/boxed"], SLURM)).code).toBe(0);
    const [ended, timedOut] = TRIALS.map((id) => trial(at, id));
    expect(ended).toMatchObject({ outcome: { status: "completed", output: { score: 1 } } });
    expect(ended?.attempts[0]?.limits).toEqual({ memoryBytes: "container" });
    expect(timedOut).toMatchObject({ outcome: { status: "timeout" } });
    expect(containers(at)).toEqual([]);
  },
  120_000,
);
