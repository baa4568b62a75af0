import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { generatedFiles, staleFiles } from "../../../scripts/generate.ts";

const files = await generatedFiles();
const schemas = [...files].filter(([path]) => path.startsWith("schemas/"));

describe("generated files", () => {
  it("are the same every time", async () => {
    expect([...(await generatedFiles())]).toEqual([...files]);
  });

  it("are found stale when their text differs", () => {
    const changed = new Map(
      [...files].map(([path, text]) => [path, path === "docs/reference.md" ? `${text}\n` : text]),
    );
    expect(staleFiles(changed)).toContain("docs/reference.md");
  });

  it.each(schemas)("%s is a draft-07 schema for any validator", (_, text) => {
    const schema: unknown = JSON.parse(text);
    if (typeof schema !== "object" || schema === null) throw new Error("not a schema");
    expect(text).not.toMatch(/"x-(any|unit|expected)"/);
    expect(() => new Ajv({ strict: false }).compile(schema)).not.toThrow();
  });

  it("tell every option of every component in the reference", () => {
    const reference = files.get("docs/reference.md") ?? "";
    for (const heading of [
      "researcher `search`",
      "experimenter `composed`",
      "executor `script`",
      "runner `anthropic`",
    ]) {
      expect(reference).toContain(`### ${heading}\n`);
    }
    expect(reference).not.toContain("undefined");
  });
});
