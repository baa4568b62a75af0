import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { CondaEnvironment, type CondaOptions } from "../../../../src/components/environments/conda.ts";
import { messageOf, SpecError } from "../../../../src/kernel/errors.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { environmentRig } from "../../../support/environment-rig.ts";

/** What conda and micromamba do that AURA asks of them, as far as it can be told from their sources. */
const STAND_IN = `#!/bin/sh
echo "$(basename "$0") $*" >> "$CONDA_STAND_IN/calls"
make() { mkdir -p "$1/conda-meta" "$1/bin"; : > "$1/conda-meta/measure-1.0-h1_0.json"; printf '#!/bin/sh\\necho "$ACTIVATED $CONDA_PREFIX"\\n' > "$1/bin/measure"; chmod +x "$1/bin/measure"; }
case "$1 $2" in
  "--version ") echo "1" ;;
  "env list") echo "{ \\"envs\\": [\\"$CONDA_STAND_IN\\", \\"$CONDA_STAND_IN/envs/ml-env\\"] }" ;;
  "env create") make "$4" ;;
  "create --yes") make "$4" ;;
  "run -p")
    prefix=$3; shift 3
    if [ "$(basename "$0")" != micromamba ]; then [ "$1" = --no-capture-output ] || exit 9; shift; fi
    [ "\${1#-}" = "$1" ] || exit 8
    ACTIVATED="by
activate.d" CONDA_PREFIX=$prefix CONDA_DEFAULT_ENV=$(basename "$prefix") PATH=$prefix/bin:$PATH exec "$@" ;;
  *) exit 7 ;;
esac
`;

/** A project on a machine with a stand-in for a program, and an environment \`ml-env\`. */
function withConda(program: "conda" | "mamba" | "micromamba") {
  const conda = temporaryDirectory();
  onTestFinished(() => conda[Symbol.dispose]());
  mkdirSync(conda.join("bin"));
  writeFileSync(conda.join("bin", program), STAND_IN);
  chmodSync(conda.join("bin", program), 0o755);
  const prefix = conda.join("envs", "ml-env");
  mkdirSync(join(prefix, "conda-meta"), { recursive: true });
  mkdirSync(join(prefix, "bin"));
  writeFileSync(join(prefix, "conda-meta", "r-base-4.3.1-h29c4799_3.json"), "{}");
  writeFileSync(join(prefix, "bin", "measure"), '#!/bin/sh\necho "$ACTIVATED $CONDA_PREFIX"\n');
  chmodSync(join(prefix, "bin", "measure"), 0o755);
  const variables = { PATH: `${conda.join("bin")}:/usr/bin:/bin`, CONDA_STAND_IN: conda.path };
  const calls = () => (conda.read("calls") ?? "").trim().split("\n");
  return { ...environmentRig(variables), prefix, calls };
}

describe("the conda environment", () => {
  it.each(["conda", "mamba", "micromamba"] as const)(
    "runs programs of one of %s's by name, as if activated",
    async (program) => {
      const { printed, prefix, calls } = withConda(program);
      const { text, description } = await printed(new CondaEnvironment("ml-env"), ["measure"]);
      expect(text).toBe(`by\nactivate.d ${prefix}`);
      expect(description).toMatchObject({
        type: "conda",
        path: prefix,
        program,
        packages: ["r-base=4.3.1=h29c4799_3"],
      });
      // Once for its variables, never for a trial.
      expect(calls().filter((call) => call.includes(" run "))).toHaveLength(1);
    },
  );

  it("runs each command through `conda run` where that is asked for, with its output as it comes", async () => {
    const { printed, prefix, calls } = withConda("conda");
    const { text } = await printed(new CondaEnvironment({ prefix, run: "conda-run" }), ["measure", "--lr", "1"]);
    expect(text).toBe(`by\nactivate.d ${prefix}`);
    expect(calls().at(-1)).toBe(`conda run -p ${prefix} --no-capture-output measure --lr 1`);
  });

  it.each(["conda", "micromamba"] as const)(
    "makes one from a file with %s, once for the same content",
    async (program) => {
      const { rig, printed, made } = withConda(program);
      rig.dir.write("environment.yml", "dependencies: [measure]\n");
      const first = await printed(new CondaEnvironment({ file: "environment.yml" }), ["measure"]);
      expect(first.text).toContain("activate.d");
      expect(first.description?.packages).toEqual(["measure=1.0=h1_0"]);
      await printed(new CondaEnvironment({ file: "environment.yml" }), ["measure"]);
      expect(made()).toHaveLength(1);
      rig.dir.write("environment.yml", "dependencies: [measure, r-base]\n");
      await printed(new CondaEnvironment({ file: "environment.yml" }), ["measure"]);
      expect(made()).toHaveLength(2);
    },
  );

  it("changes nothing in one that is there", async () => {
    const { printed, prefix } = withConda("conda");
    const before = readdirSync(prefix, { recursive: true });
    await printed(new CondaEnvironment({ prefix }), ["measure"]);
    expect(readdirSync(prefix, { recursive: true })).toEqual(before);
  });

  it("is missed before a run, with what there is", async () => {
    const { rig } = withConda("conda");
    const said = (options: string | CondaOptions) =>
      new CondaEnvironment(options).probe(rig.ctx).then(String, messageOf);
    expect(await said("ml-env")).toBe("undefined");
    expect(await said("mlenv")).toMatch(
      /there is no conda environment mlenv; there are: .*ml-env\nmake it: conda create -n mlenv/,
    );
    expect(await said({ prefix: rig.dir.path })).toContain("is no conda environment: it has no conda-meta");
    expect(await said({ name: "ml-env", program: "micromamba" })).toContain("micromamba: not on PATH");
    expect(await new CondaEnvironment("ml-env").missing("measure", rig.ctx)).toBe(null);
    expect(await new CondaEnvironment("ml-env").missing("nothing", rig.ctx)).toContain("is neither in ");
    expect(() => new CondaEnvironment({ name: "a", file: "b" })).toThrow(SpecError);
  });
});
