import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CondaEnvironment, type CondaOptions } from "../../../../src/components/environments/conda.ts";
import { messageOf, SpecError } from "../../../../src/kernel/errors.ts";
import { condaMachine } from "../../../support/conda.ts";
import { environmentRig } from "../../../support/environment-rig.ts";

/** A project on a machine with a stand-in for a program. */
function withConda(program: "conda" | "mamba" | "micromamba") {
  const { variables, ...machine } = condaMachine(program);
  return { ...environmentRig(variables), ...machine };
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
