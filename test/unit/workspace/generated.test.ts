import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { generateValidators } from "../../../scripts/generate-validators.ts";

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

describe("the compiled validators", () => {
  it("are what the record schemas say today, and load nothing else", async () => {
    const generated = await generateValidators();
    expect(Object.keys(generated)).toEqual([
      "src/workspace/generated/validate-records.js",
      "src/workspace/generated/validate-records.d.ts",
    ]);
    for (const [path, text] of Object.entries(generated)) {
      expect(readFileSync(join(PROJECT, path), "utf8") === text, `${path} is out of date: npm run generate`).toBe(true);
    }
    const code = generated["src/workspace/generated/validate-records.js"] ?? "";
    expect(code).not.toMatch(/\brequire\(|\bimport\b/);
  });
});
