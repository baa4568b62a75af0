import { expect, it } from "vitest";
import { blocks, readProjectFile } from "../support/documents.ts";

const commands = blocks("docs/robustness.md", "sh").flatMap(({ text }) =>
  [...text.matchAll(/^npx vitest run (\S+) -t "(.*)"$/gm)].map(([, file = "", name = ""]) => [file, name] as const),
);

it("shows how to reproduce each fault that was found", () => {
  const faults = /## What was found([\s\S]*)/.exec(readProjectFile("docs/robustness.md"))?.[1] ?? "";
  expect(commands).toHaveLength([...faults.matchAll(/^\*\*/gm)].length);
});

it.each(commands)("%s has a test whose name holds: %s", (file, name) => {
  const text = readProjectFile(file);
  expect(text.includes(name) || text.includes(name.replace(/^a file /, ""))).toBe(true);
});
