import { chmodSync, mkdirSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import {
  asResearcher,
  DirectoryArtifact,
  FileArtifact,
  FunctionExperimenter,
  MetricEvaluator,
  Pipeline,
  Workspace,
} from "../../../src/index.ts";
import { testFolder } from "../../support/test-folder.ts";

const folder = testFolder();

test("a file is read, written, compared with an earlier state of it and put back, its mode too", () => {
  const root = folder.path;
  folder.write("train.py", "lr = 1\n", 0o755);
  const train = new FileArtifact("train.py", { root });
  const before = train.snapshot();
  train.write("lr = 2\n");
  expect(train.read()).toBe("lr = 2\n");
  expect(statSync(folder.join("train.py")).mode & 0o777).toBe(0o755);
  expect(train.diff(before)).toContain("-lr = 1\n+lr = 2\n");
  chmodSync(folder.join("train.py"), 0o600);
  train.restore(before);
  expect(train.diff(before)).toBe("");
  expect(statSync(folder.join("train.py")).mode & 0o777).toBe(0o755);
  expect(train.snapshot().id).toBe(before.id);
});

test("one that is not there has no text, and is gone again after it is put back", () => {
  const notes = new FileArtifact("deep/notes.md", { root: folder.path });
  const before = notes.snapshot();
  expect(notes.read()).toBeNull();
  notes.write("x");
  notes.restore(before);
  expect(notes.read()).toBeNull();
});

test("a folder is put back as it was: what came is gone, what went or became something else is there, links are links", () => {
  folder.write("src/a.txt", "a");
  folder.write("src/sub/b.bin", "\0\0");
  symlinkSync("a.txt", folder.join("src/link"));
  mkdirSync(folder.join("src/empty"));
  folder.write("src/node_modules/kept.js", "x");
  const src = new DirectoryArtifact("src", { root: folder.path });
  const before = src.snapshot();
  expect(src.list()).toEqual(["a.txt", "sub/b.bin"]);
  src.remove("sub/b.bin");
  src.write("sub/b.bin/now-a-folder.txt", "c");
  src.write("new/c.txt", "c");
  src.write("a.txt", "A");
  expect(src.diff(before)).toContain("+++ b/src/new/c.txt");
  src.restore(before);
  expect(src.snapshot()).toEqual(before);
  expect(readlinkSync(folder.join("src/link"))).toBe("a.txt");
  expect(folder.read("src/node_modules/kept.js")).toBe("x");
});

test("nothing is read or written through a link, outside of the artifact, or of another one's state", () => {
  folder.write("secret", "s");
  folder.write("src/a", "a");
  folder.write("src/bytes", "\0");
  symlinkSync("../secret", folder.join("src/link"));
  const src = new DirectoryArtifact("src", { root: folder.path });
  expect(() => src.read("link")).toThrow(/symbolic link/);
  expect(() => src.write("link", "x")).toThrow(/symbolic link/);
  expect(() => src.read("../secret")).toThrow(/no path inside of src/);
  expect(() => src.remove("../secret")).toThrow(/no path inside of src/);
  expect(() => src.read("bytes")).toThrow(/no UTF-8/);
  expect(() => new FileArtifact("secret", { root: folder.path }).restore(src.snapshot())).toThrow(
    /the state is of "src"/,
  );
  expect(folder.read("secret")).toBe("s");
});

test("its states in a run are read by name, a trial's copy of it where the trial runs, and the best is put into the project", async () => {
  const root = folder.path;
  folder.write("lr.txt", "1\n");
  const artifact = new FileArtifact("lr.txt", { root });
  const workspace = await Workspace.create(folder.join("run"));
  await new Pipeline({
    researcher: asResearcher(() => [{ edits: [{ path: "lr.txt", content: "7\n" }] }]),
    experimenter: new FunctionExperimenter((_, { cwd }) => ({ score: Number(artifact.in(cwd).read()) })),
    evaluator: new MetricEvaluator({ metric: "score" }),
    artifacts: [artifact],
    root,
    workspace,
    maxIterations: 1,
  }).run();
  expect(artifact.read()).toBe("1\n");
  expect(artifact.diff(artifact.recorded(workspace, "start"))).toBe("");
  artifact.restore(artifact.recorded(workspace, "best"));
  expect(artifact.read()).toBe("7\n");
  expect(() => new DirectoryArtifact(".", { root }).recorded(workspace, "best")).toThrow(/does not track "\."/);
  expect(() => artifact.recorded(workspace, "9")).toThrow(/there is no iteration 9/);
});
