import { expect, test } from "vitest";
import { ProjectSecrets } from "../../../src/components/project-secrets.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

const { files } = systemEffects();

test("what holds secrets is found wherever it is, but not in inputs and among packages: a venv may be called .env", () => {
  using dir = temporaryDirectory();
  for (const path of [
    "a/b/.env",
    ".env.local",
    "runs/one/run.json",
    "runs/one/iterations/x",
    "runs/notes.txt",
    "data/.env",
    "c/.env/key",
    ".environment",
  ])
    dir.write(path, "");
  for (const path of ["venv/pyvenv.cfg", "venv/lib/.env", ".env/pyvenv.cfg", "node_modules/p/.env"])
    dir.write(path, "");
  const place = { root: dir.path, inputs: [dir.join("data")] };
  const found = new ProjectSecrets().in(place, { clock: new ManualClock(), files });
  expect([...found].sort()).toEqual([".env.local", "a/b/.env", "c/.env", "runs/one"].map((path) => dir.join(path)));
});

test("what is made during a run is found, after at most twenty times the time that a look takes", async () => {
  using dir = temporaryDirectory();
  const [secrets, clock] = [new ProjectSecrets(), new ManualClock()];
  const place = { root: dir.path, inputs: [] };
  const slow = {
    ...files,
    list: (path: string) => {
      void clock.advance(5);
      return files.list(path);
    },
  };
  expect(secrets.in(place, { clock, files: slow })).toEqual([]);
  dir.write(".env", "");
  await clock.advance(99);
  expect(secrets.in(place, { clock, files: slow })).toEqual([]);
  await clock.advance(1);
  expect(secrets.in(place, { clock, files: slow })).toEqual([dir.join(".env")]);
});

test("of a folder with nothing but workspaces the folder itself is found, however many there are", () => {
  using dir = temporaryDirectory();
  for (const run of ["runs/a/1", "runs/a/2", "runs/b", "mixed/c", "given/d", "e"]) {
    dir.write(`${run}/run.json`, "");
    dir.write(`${run}/iterations/x`, "");
  }
  for (const path of ["mixed/.env", "given/data/x"]) dir.write(path, "");
  const place = { root: dir.path, inputs: [dir.join("given/data")] };
  const found = new ProjectSecrets().in(place, { clock: new ManualClock(), files });
  expect([...found].sort()).toEqual(["e", "given/d", "mixed/.env", "mixed/c", "runs"].map((path) => dir.join(path)));
});
