import { describe, expect, it } from "vitest";
import type { Files } from "../../../src/kernel/effects.ts";
import { StorageError } from "../../../src/kernel/errors.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { nearFile } from "../../../src/spec/meant.ts";
import { readSpecFile } from "../../../src/spec/source.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { notFound } from "../../../src/workspace/locate.ts";

describe("a folder that may be entered but not listed", () => {
  const files: Files = {
    ...systemEffects().files,
    list: (path) => {
      throw new StorageError("list", path, new Error("EACCES: permission denied"));
    },
  };

  it("costs the hint about what is not in it, and not the error", () => {
    using dir = temporaryDirectory();
    const path = dir.join("spec.yaml");
    expect(() => readSpecFile(path, files)).toThrow(`there is no spec ${path}; give the path of a YAML file`);
    expect(nearFile("spec.yaml", path, files)).toEqual({});
    expect(notFound(dir.join("run"), files).message).toMatch(/^there is no run in .*: it does not exist$/);
  });
});
