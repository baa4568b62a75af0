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
    "a/.envrc",
    "notes.env",
  ])
    dir.write(path, "");
  for (const path of ["venv/pyvenv.cfg", "venv/lib/.env", "venv/.env.local", ".env/pyvenv.cfg", "node_modules/p/.env"])
    dir.write(path, "");
  const place = { root: dir.path, inputs: [dir.join("data")] };
  const found = new ProjectSecrets().in(place, { clock: new ManualClock(), files });
  expect([...found].sort()).toEqual(
    [".env.local", "a/.envrc", "a/b/.env", "c/.env", "runs/one", "venv/.env.local"].map((path) => dir.join(path)),
  );
});

test("what is made during a run is found, at once, or after twenty times the time that a look takes where that is long", async () => {
  using dir = temporaryDirectory();
  const [secrets, clock] = [new ProjectSecrets(), new ManualClock()];
  const place = { root: dir.path, inputs: [] };
  let took = 100;
  const slow = {
    ...files,
    list: (path: string) => {
      void clock.advance(took);
      return files.list(path);
    },
  };
  expect(secrets.in(place, { clock, files: slow })).toEqual([]);
  dir.write(".env", "");
  took = 101;
  expect(secrets.in(place, { clock, files: slow })).toEqual([dir.join(".env")]);
  dir.write(".envrc", "");
  await clock.advance(20 * took - 1);
  expect(secrets.in(place, { clock, files: slow })).toEqual([dir.join(".env")]);
  await clock.advance(1);
  expect(secrets.in(place, { clock, files: slow })).toEqual([dir.join(".env"), dir.join(".envrc")]);
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

test("what a project holds is found where its own folder is a venv", () => {
  using dir = temporaryDirectory();
  for (const path of ["pyvenv.cfg", ".env", "runs/one/run.json", "runs/one/iterations/x", "data/x"])
    dir.write(path, "");
  const found = new ProjectSecrets().in({ root: dir.path, inputs: [] }, { clock: new ManualClock(), files });
  expect([...found].sort()).toEqual([dir.join(".env"), dir.join("runs")]);
});
