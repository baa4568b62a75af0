import { execFileSync } from "node:child_process";
import { cpSync, renameSync, rmSync } from "node:fs";
import { relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aura, type Desk, desk, spec } from "../support/aura.ts";

let finished: Desk;
beforeAll(async () => {
  const edits = [
    { path: "src/a.txt", content: "after\n" },
    { path: "src/bin", delete: true },
  ];
  const reply = `console.log(${JSON.stringify(JSON.stringify([{ edits }]))})`;
  finished = desk({
    "project/src/a.txt": "before\n",
    "project/src/mine.txt": "mine\n",
    "project/src/bin": "\u0000\u0001",
    "project/model.mjs": reply,
    "project/spec.yaml": spec({
      researcher: "{ type: prompt, runner: { type: command, argv: [node, model.mjs] }, num_tasks: 1, prompt: x }",
      experimenter: '{ type: script, command: [sh, -c, "echo score=$(grep -c after src/a.txt)"] }',
      more: "artifacts: [src/]\nfiles: [model.mjs]\n",
    }),
  });
  const run = await finished.run(["run", "project/spec.yaml", "--workspace", "project/runs/e"]);
  expect(run.code, run.stderr).toBe(0);
}, 60_000);
afterAll(() => finished[Symbol.dispose]());

function copyOfAll(): Desk {
  const place = desk();
  cpSync(finished.path, place.path, { recursive: true });
  return place;
}

test("a patch holds binary files, is not written by --dry-run, and does not go over a file of another sort", async () => {
  using place = copyOfAll();
  const dry = await place.run(["apply", "project/runs/e", "--patch", "x.patch", "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, stdout: "would write x.patch\n" });
  expect(place.read("x.patch")).toBeNull();
  const refused = await place.run(["apply", "project/runs/e", "--patch", "project/src/mine.txt"]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--force") });
  expect(place.read("project/src/mine.txt")).toBe("mine\n");
  for (const _ of [1, 2]) expect((await place.run(["apply", "project/runs/e", "--patch", "x.patch"])).code).toBe(0);
  execFileSync("git", ["apply", "--unsafe-paths", "--directory=project", "x.patch"], {
    cwd: place.path,
    env: { ...process.env, GIT_CEILING_DIRECTORIES: place.join("..") },
  });
  expect(place.read("project/src/a.txt")).toBe("after\n");
  expect(place.read("project/src/bin")).toBeNull();
});

test("options that make no sense together, or none at all, are refused", async () => {
  using place = copyOfAll();
  for (const options of [
    ["--patch", "x", "--to", "y"],
    ["--to", ""],
    ["--patch", ""],
    ["--to", "project/src/a.txt"],
    ["--to", "project/src/a.txt/x/y"],
    ["--to", "project/runs/e"],
  ])
    expect((await place.run(["apply", "project/runs/e", ...options])).code, options.join(" ")).toBe(2);
  expect(place.read("project/src/a.txt")).toBe("before\n");
});

test("the command that is printed applies a patch from everywhere, also to a project in a folder of a repository", async () => {
  using place = copyOfAll();
  const isolated = { ...process.env, GIT_CEILING_DIRECTORIES: place.join("..") };
  for (const isRepository of [false, true]) {
    if (isRepository) execFileSync("git", ["init", "-q"], { cwd: place.path, env: isolated });
    for (const cwd of [".", "project", "project/src"]) {
      place.write("project/src/a.txt", "before\n");
      place.write("project/src/bin", "\u0000\u0001");
      const patch = relative(place.join(cwd), place.join("it's.patch"));
      const run = relative(place.join(cwd), place.join("project/runs/e"));
      const { stdout } = await aura(["apply", run, "--patch", patch], { cwd: place.join(cwd) });
      const command = /apply it with `(.*)`/.exec(stdout)?.[1] ?? "false";
      execFileSync("sh", ["-c", command], { cwd: place.join(cwd), env: isolated });
      expect(place.read("project/src/a.txt"), `${command} in ${cwd}`).toBe("after\n");
      expect(place.read("project/src/bin")).toBeNull();
    }
  }
});

test("a patch is written to no workspace, not even by force, and where it cannot be is said with 2", async () => {
  using place = copyOfAll();
  place.write("project/runs/e/x.patch", "");
  const before = place.read("project/runs/e/run.json");
  for (const [patch, reason] of [
    ["project/runs/e/run.json", /is in the workspace/],
    ["project/runs/e/x.patch", /is in the workspace/],
    ["project/runs/e/iterations/x.patch", /is in the workspace/],
    [".", /is a folder/],
    ["none/x.patch", /there is no folder/],
    ["project/spec.yaml/x.patch", /there is no folder/],
  ] as const) {
    const end = await place.run(["apply", "project/runs/e", "--patch", patch, "--force"]);
    expect(end, patch).toMatchObject({ code: 2, stderr: expect.stringMatching(reason) });
  }
  expect(place.read("project/runs/e/run.json")).toBe(before);
});

test("a file that only the user changed is left alone and named", async () => {
  using place = copyOfAll();
  rmSync(place.join("project/src/mine.txt"));
  const { code, stdout } = await place.run(["apply", "project/runs/e"]);
  expect(code).toBe(0);
  expect(stdout).toContain("kept src/mine.txt, which was deleted");
  expect(place.read("project/src/mine.txt")).toBeNull();
  expect(place.read("project/src/a.txt")).toBe("after\n");
});

test("a workspace that was moved away from its project still knows it, until the project is gone", async () => {
  using place = copyOfAll();
  using away = desk();
  const { project } = place.json<{ project: { root: string } }>("project/runs/e/run.json");
  expect(project.root).toBe(finished.join("project"));
  renameSync(place.join("project/runs/e"), away.join("e"));
  const dry = await away.document<{ target: string }>(["apply", "e", "--dry-run", "--json"]);
  expect(dry.target).toBe(finished.join("project"));
  const resumed = await away.run(["resume", "e", "--set", "stop.iterations=2"]);
  expect(resumed).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`cp ${away.join("e/spec.yaml")} `),
  });
  away.write("e/run.json", (away.read("e/run.json") ?? "").replace(project.root, "/nonexistent/project"));
  const gone = await away.run(["apply", "e"]);
  expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining("--to DIR") });
  expect((await away.run(["apply", "e", "--to", "new"])).code).toBe(0);
  expect(away.read("new/src/a.txt")).toBe("after\n");
});

test("after it a run goes on, also where the user's own artifacts are gone; one that it does not know has to be there", async () => {
  using place = copyOfAll();
  rmSync(place.join("project/src"), { recursive: true });
  const next = ["resume", "project/runs/e", "--set", "stop.iterations=2"];
  const refused = await place.run([...next, "--set", "artifacts=[src/, more/]"]);
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/there is no file or folder .*\/project\/more/),
  });
  expect(refused.stderr).not.toMatch(/there is no file or folder .*\/project\/src/);
  const end = await place.run(next);
  expect(end.code, end.stderr).toBe(0);
});
