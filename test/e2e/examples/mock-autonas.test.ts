import { resolve } from "node:path";
import { expect, test } from "vitest";
import { sharedDesk, start } from "../../support/aura.ts";
import { thorough } from "../../support/thorough.ts";

interface Listed {
  readonly id: string;
  readonly score: number | null;
}

const BEST = { id: "i00003-h000", label: "wide-and-smooth", score: 0.9834 };

const here = sharedDesk();

async function scores(workspace: string): Promise<readonly Listed[]> {
  const listed = await here.document<{ hypotheses: readonly Listed[] }>(["inspect", workspace, "hypotheses", "--json"]);
  return listed.hypotheses.map(({ id, score }) => ({ id, score }));
}

test("the spec, the program and its module run without a key, and are the same loop: the same designs get the same scores", async () => {
  const [spec, program, module] = await Promise.all([
    here.run(["run", resolve("examples/mock-autonas-cli/spec.yaml")]),
    start(process.execPath, [resolve("examples/mock-autonas/run.mjs"), "program"], { cwd: here.path }).ended,
    here.run(["run", resolve("examples/mock-autonas/loop.mjs"), "--workspace", "module"]),
  ]);
  expect(spec).toMatchObject({ code: 0 });
  expect(module).toMatchObject({ code: 0, stderr: "" });
  expect(program).toMatchObject({ code: 0, stderr: "" });
  expect(program.stdout).toContain("best: i00003-h000 with accuracy 0.9834");

  const fromSpec = await scores("runs/mock-autonas-cli");
  expect(fromSpec).toHaveLength(9);
  expect(await scores("program")).toEqual(fromSpec);
  expect(await scores("module")).toEqual(fromSpec);
  const { best } = await here.document<{ best: object }>(["inspect", "runs/mock-autonas-cli", "--json"]);
  expect(best).toMatchObject(BEST);
});

test("a design that diverges has no score, and the next prompt tells of it", async () => {
  const fromSpec = await scores("runs/mock-autonas-cli");
  expect(fromSpec.filter(({ score }) => score === null).map(({ id }) => id)).toEqual(["i00001-h002"]);
  for (const workspace of ["runs/mock-autonas-cli", "program"]) {
    const { prompt } = here.json<{ prompt: string }>(`${workspace}/iterations/00002/calls/i00002-researcher-a1.json`);
    expect(prompt).toContain("training diverged");
    expect(prompt).toContain("6 layers at a learning rate of 0.05 diverged after two steps");
  }
});

thorough("a second run of the program takes the next free folder", async () => {
  const again = await start(process.execPath, [resolve("examples/mock-autonas/run.mjs"), "program"], { cwd: here.path })
    .ended;
  expect(again.code).toBe(0);
  expect(again.stdout).toContain(here.join("program-2"));
});
