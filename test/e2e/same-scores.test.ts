import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Trial } from "../../src/model/trial.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { desk, spec } from "../support/aura.ts";
import { DOCKER_IMAGE, docker } from "../support/docker.ts";
import { bindfs, bwrap, pythonVenv, slurm, type WithTool } from "../support/tools.ts";

const LONG_MS = 120_000;
const SLURM = { SLURM_CONF: process.env.SLURM_CONF ?? "/etc/slurm/slurm.conf" };

/** What differs between the specs: where trials run, and what that takes here. */
const PLACES: Readonly<Record<string, readonly [place: string, tools: readonly WithTool[]]>> = {
  script: ["executor: { type: script", []],
  bwrap: ["executor: { type: bwrap", [bwrap]],
  bindfs: ["executor: { type: bindfs", [bindfs]],
  docker: [`environment: { type: docker, image: ${DOCKER_IMAGE} }, executor: { type: script`, [docker]],
  slurm: ["executor: { type: slurm, mem: 16M, poll_interval: 1s", [slurm]],
  "slurm-bindfs": ["executor: { type: slurm, mem: 16M, poll_interval: 1s, inside: { type: bindfs }", [slurm, bindfs]],
  "slurm-bwrap-venv": [
    "environment: { type: venv, path: VENV }, executor: { type: slurm, mem: 64M, poll_interval: 1s, inside: { type: bwrap }",
    [slurm, bwrap, pythonVenv],
  ],
};
/** It tries to write its inputs, which sandboxes and views do not let it. */
const TRAIN = `[ -z "$VIRTUAL_ENV" ] || python -c 'import os, sys; assert sys.prefix == os.environ["VIRTUAL_ENV"]' || exit 1
[ -z "$READ_ONLY" ] || for f in data/x.txt "$2"; do ! (echo 0 > "$f") 2>/dev/null || exit 1; done
echo "score: $(($1 * $(cat data/x.txt) + $(cat "$2")))"`;

const here = Object.entries(PLACES).filter(([, [, tools]]) => tools.every(({ works }) => works));

describe("a trial", () => {
  test(
    `has the same score wherever it runs: ${here.map(([name]) => name).join(", ")}`,
    async () => {
      const outside = temporaryDirectory();
      const project = desk({ "train.sh": TRAIN, "data/x.txt": "7" });
      onTestFinished(() => {
        outside[Symbol.dispose]();
        project[Symbol.dispose]();
      });
      const weights = outside.write("weights.txt", "5");
      if (pythonVenv.works) execFileSync("python3", ["-m", "venv", "--without-pip", outside.join("venv")]);
      const runs = here.map(async ([name, [place]]) => {
        const where = place.replace("VENV", outside.join("venv"));
        const readOnly = /bwrap|bindfs|docker/.test(name) ? ", env: { READ_ONLY: yes }" : "";
        const file = `${name}.yaml`;
        const text = spec({
          name,
          researcher: "{ type: search, method: grid, num_tasks: 3, space: { x: { type: int, low: 0, high: 2 } } }",
          experimenter: `{ type: composed, ${where}, command: "sh train.sh {x} ${weights}"${readOnly} } }`,
          more: `inputs: [data/x.txt, ${weights}]\nartifacts: [train.sh]\nstart: may_fail`,
        });
        project.write(file, text);
        const { code, stderr } = await project.run(["run", file], SLURM);
        const trials = [0, 1, 2].map((n) => `runs/${name}/iterations/00001/trials/i00001-h00${n}-t00.json`);
        const outcomes = trials.map((path) => {
          const trial = project.json<Trial>(path);
          return trial.state === "finished" ? trial.outcome : trial;
        });
        return [name, code, stderr, outcomes] as const;
      });
      const outcomes = [5, 12, 19].map((score) => ({ status: "completed", output: { score } }));
      const same = here.map(([name]) => [name, 0, "", outcomes]);
      expect(await Promise.all(runs)).toEqual(same);
      expect([project.read("data/x.txt"), outside.read("weights.txt")]).toEqual(["7", "5"]);
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(project.path);
    },
    LONG_MS,
  );
});
