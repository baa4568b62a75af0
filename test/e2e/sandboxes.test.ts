import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { Trial } from "../../src/model/trial.ts";
import { type Desk, desk, spec } from "../support/aura.ts";
import { few } from "../support/thorough.ts";
import { bindfs, bwrap, type WithTool } from "../support/tools.ts";

const EXECUTORS: readonly (readonly [string, WithTool])[] = [
  ["bwrap", bwrap],
  ["bindfs", bindfs],
];
const GRID = "{ type: search, method: grid, num_tasks: 3, space: { x: { type: int, low: 0, high: 2 } } }";

function project(executor: string, command: string, files: Readonly<Record<string, string>>, more = ""): Desk {
  const experimenter = `{ type: composed, executor: { type: ${executor}, command: ${JSON.stringify(command)} } }`;
  const made = desk({ ...files, "spec.yaml": spec({ experimenter, researcher: GRID, more }) });
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

function scores(of: Desk): readonly unknown[] {
  return [0, 1, 2].map((n) => of.json<{ score: number }>(`run/iterations/00001/evaluations/i00001-h00${n}.json`).score);
}

const mounts = (of: Desk): boolean => readFileSync("/proc/self/mountinfo", "utf8").includes(of.path);

/** In no blocks of the disk: to read all of it would take minutes. */
const LARGE = 40e9;

for (const [executor, tool] of few(EXECUTORS)) {
  tool.test(`${executor} tries a program for another architecture once, which has failed`, async () => {
    const of = project(executor, "./train {x}", {}, "start: may_fail");
    const program = readFileSync("/bin/true");
    // No machine has this number in the header of its programs.
    program.writeUInt16LE(0xfffe, 18);
    writeFileSync(of.join("train"), program, { mode: 0o755 });
    expect((await of.run(["run", "spec.yaml", "--workspace", "run"])).code).toBe(1);
    const trial = of.json<Trial>("run/iterations/00001/trials/i00001-h000-t00.json");
    expect(trial).toMatchObject({ outcome: { status: "failed", failure: { code: "exit-code" } } });
    expect(trial.attempts).toHaveLength(1);
  });
}

bindfs.test("a trial that writes an input by its real path, behind its view, has failed and ends the run", async () => {
  const of = project("bindfs", "sh spoil.sh", { "data/x.txt": "7" }, "inputs: [data/x.txt]\nparallel: 1");
  // Words of the command would be led to the view.
  of.write("spoil.sh", `echo 0 > ${of.join("data/x.txt")}; echo "score: 1"`);
  const { code, stderr } = await of.run(["run", "spec.yaml", "--workspace", "run"]);
  expect(code).toBe(1);
  expect(stderr).toContain("input data/x.txt is no longer what the run started with");
  const trial = of.json<Trial>("run/iterations/00001/trials/i00001-h000-t00.json");
  expect(trial).toMatchObject({ outcome: { status: "failed", failure: { code: "input-changed" } } });
  expect(existsSync(of.join("run/iterations/00001/trials/i00001-h001-t00.json"))).toBe(false);
  expect(mounts(of)).toBe(false);
});

bindfs.test("no trial runs where a view is gone: the run ends, and a resume goes on with a new one", async () => {
  const of = project("bindfs", "sh gone.sh {x}", { "data/x.txt": "7\n" }, "inputs: [data/x.txt]\nparallel: 1");
  of.write(
    "gone.sh",
    `[ -e ${of.join("once")} ] || { touch ${of.join("once")}; fusermount3 -u -z "$AURA_ROOT"; }
cat "$AURA_ROOT/data/x.txt" || x=-1; echo "score: \${x:-$1}"`,
  );
  const { code, stderr } = await of.run(["run", "spec.yaml", "--workspace", "run"]);
  expect(code).toBe(1);
  expect(stderr).toContain(`the view of ${of.path} is gone`);
  const resumed = await of.run(["resume", "run"]);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(scores(of)).toEqual([0, 1, 2]);
  expect(mounts(of)).toBe(false);
});

bwrap.test(
  "an input of 40 GB holds up no run and is never copied, and a trial that writes to it is caught",
  async () => {
    const of = project(
      "bwrap",
      "sh size.sh",
      { "size.sh": `echo "score: $(stat -L -c %s data/big)"`, "data/big": "" },
      "inputs: [data/big]\nartifacts: [size.sh]",
    );
    truncateSync(of.join("data/big"), LARGE);
    const from = Date.now();
    const { code } = await of.run(["run", "spec.yaml", "--workspace", "run"]);
    expect(code).toBe(0);
    expect(Date.now() - from).toBeLessThan(30_000);
    expect(scores(of)).toEqual([LARGE, LARGE, LARGE]);
    expect(statSync(join(of.path, "data/big")).blocks).toBe(0);
    expect(Number(execFileSync("du", ["-sk", of.join("run")], { encoding: "utf8" }).split("\t")[0])).toBeLessThan(1024);

    of.write("size.sh", `printf x | dd of=data/big bs=1 seek=20000000001 conv=notrunc 2>/dev/null; echo "score: 1"`);
    of.write("spec.yaml", (of.read("spec.yaml") ?? "").replace("type: bwrap", "type: script"));
    const caught = await of.run(["run", "spec.yaml", "--workspace", "caught"]);
    expect([caught.code, caught.stdout]).toEqual([
      1,
      expect.stringContaining("changed while this trial ran: data/big"),
    ]);
  },
);
