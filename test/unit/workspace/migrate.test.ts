import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { systemEffects } from "../../../src/platform/system.ts";
import { inspectSummary } from "../../../src/workspace/queries.ts";
import { Workspace } from "../../../src/workspace/workspace.ts";
import { effects, manifest, startedWorkspace, temporaryFolder } from "./rig.ts";

const FROZEN = join(dirname(fileURLToPath(import.meta.url)), "fixtures", "format-0");
const observer = systemEffects();

function frozenRun(): string {
  const root = join(temporaryFolder(), "run");
  cpSync(FROZEN, root, { recursive: true });
  return root;
}

describe("a workspace of an older format", () => {
  it("is read as it is, without being changed", async () => {
    const root = frozenRun();
    const before = readFileSync(join(root, "run.json"), "utf8");
    const workspace = await Workspace.open(root);
    expect(workspace.readManifest()).toMatchObject({ format: 1, overrides: {}, name: "digits" });
    expect(inspectSummary(root, observer).best).toMatchObject({ id: "i00001-h001", score: 0.91 });
    expect(readFileSync(join(root, "run.json"), "utf8")).toBe(before);
  });

  it("is brought up to date by the next writer, the original kept", async () => {
    const root = frozenRun();
    const before = readFileSync(join(root, "run.json"), "utf8");
    const workspace = await Workspace.open(root, { effects: effects() });
    await workspace.lock();
    expect(JSON.parse(readFileSync(join(root, "run.json"), "utf8"))).toMatchObject({ format: 1 });
    expect(readFileSync(join(root, "migrations/format-0/run.json"), "utf8")).toBe(before);
    expect(inspectSummary(root, observer).best).toMatchObject({ id: "i00001-h001", score: 0.91 });
  });

  it("is migrated in the end when the first try was killed at any point", async () => {
    for (let kill = 0; ; kill++) {
      const root = frozenRun();
      const before = readFileSync(join(root, "run.json"), "utf8");
      const real = effects();
      let writes = 0;
      const dying = { ...real.files };
      for (const name of ["writeAtomic", "createExclusive", "makeDirectory", "flush"] as const) {
        Object.assign(dying, {
          [name]: (...args: never[]) => {
            if (writes++ >= kill) throw new Error("killed");
            return Reflect.apply(real.files[name], real.files, args);
          },
        });
      }
      const doomed = await Workspace.open(root, { effects: { ...real, files: dying } });
      const survived = await doomed.lock().then(
        (lock) => {
          lock.release();
          return true;
        },
        () => false,
      );
      const workspace = await Workspace.open(root, { effects: effects() });
      await workspace.lock();
      expect(JSON.parse(readFileSync(join(root, "run.json"), "utf8")).format).toBe(1);
      expect(readFileSync(join(root, "migrations/format-0/run.json"), "utf8")).toBe(before);
      if (survived) break;
      expect(kill).toBeLessThan(50);
    }
  });
});

describe("a workspace of a newer format", () => {
  it("is refused with 4 by readers and writers, and left alone", async () => {
    const { root } = await startedWorkspace();
    const text = JSON.stringify({ ...manifest(), format: 2, somethingNew: true });
    writeFileSync(join(root, "run.json"), text);
    const workspace = await Workspace.open(root, { effects: effects() });
    const refusal = expect.objectContaining({ problem: "newer-format", exitCode: 4 });
    expect(() => workspace.readManifest()).toThrow(refusal);
    expect(() => inspectSummary(root, observer)).toThrow(refusal);
    writeFileSync(join(root, "lock.json"), "");
    await expect(workspace.lock()).rejects.toThrow(refusal);
    expect(readFileSync(join(root, "run.json"), "utf8")).toBe(text);
  });
});
