import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { generatedFiles, staleFiles } from "../../../scripts/generate.ts";
import * as library from "../../../src/index.ts";
import { isJsonObject } from "../../../src/model/json.ts";

const files = await generatedFiles();
const schemas = [...files].filter(([path]) => path.startsWith("schemas/"));

import * as testing from "../../../src/testing/index.ts";

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

  it.each(schemas.filter(([path]) => !path.includes("run-spec")))(
    "%s is closed, lists what is required, and says of what is open why",
    (_, text) => {
      expect(looseParts(JSON.parse(text))).toEqual([]);
    },
  );

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

  it("tell every export of the library, with a sentence and its signature", () => {
    const page = files.get("docs/library.md") ?? "";
    const entries = page.split(/^### /m).slice(1);
    const names = entries.map((entry) => entry.split("\n")[0]);
    expect(names).toEqual(expect.arrayContaining([...Object.keys(library), ...Object.keys(testing), "StageContext"]));
    for (const entry of entries)
      expect(entry).toMatch(/^\w+\n\n[A-Z`].*\.\n\n```typescript\n(class|function|interface|type|const) /);
  });
});

/** Places of a schema where more is let in than it says: objects that are open, places for anything, texts of no type. */
function looseParts(part: unknown, path = "#"): readonly string[] {
  if (!isJsonObject(part)) return [];
  const { description, type, properties, required, additionalProperties, items, anyOf, $defs } = part;
  const isTold = typeof description === "string" && /\bopen\b/i.test(description);
  const isAnything = !["type", "anyOf", "const", "enum", "$ref"].some((keyword) => keyword in part);
  const isOpen = type === "object" && (additionalProperties === undefined || isEmpty(additionalProperties));
  const isUnlisted = isJsonObject(properties) && !isEmpty(properties) && !Array.isArray(required);
  const inner = [
    ...entriesOf(properties),
    ...entriesOf($defs),
    ...entriesOf(anyOf),
    ...(items === undefined ? [] : [["items", items] as const]),
    ...(isJsonObject(additionalProperties) && !isEmpty(additionalProperties)
      ? [["*", additionalProperties] as const]
      : []),
  ];
  return [
    ...((isAnything || isOpen) && !isTold ? [`${path} is open`] : []),
    ...(isUnlisted ? [`${path} requires nothing`] : []),
    ...inner.flatMap(([name, each]) => looseParts(each, `${path}/${name}`)),
  ];
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function isEmpty(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}
