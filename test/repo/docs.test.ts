import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { program } from "../../src/cli/main.ts";
import { builtins } from "../../src/components/builtins.ts";
import { splitWords } from "../../src/platform/command/words.ts";
import { loadSpecText } from "../../src/spec/index.ts";
import {
  type Block,
  blocks,
  documents,
  placeOf,
  projectFiles,
  REPOSITORY,
  readProjectFile,
} from "../support/documents.ts";

const registry = await builtins();
const all = documents();
const everyBlock = all.flatMap((document) => blocks(document));
const cases = (found: readonly Block[]) => found.map((block) => [placeOf(block), block] as const);

describe("documents", () => {
  const yaml = everyBlock.filter(({ language }) => language === "yaml");
  it.each(cases(yaml))("%s is YAML, and valid where it is a whole spec", (_, { document, text }) => {
    const value: unknown = parse(text);
    if (typeof value !== "object" || value === null || !("version" in value)) return;
    expect(loadSpecText(text, join(dirname(document), "spec.yaml"), { registry }).warnings).toEqual([]);
  });

  it("show a whole spec in the README", () => {
    const whole = blocks("README.md", "yaml").filter(({ text }) => text.startsWith("version: 1\n"));
    expect(whole).not.toEqual([]);
  });

  const shell = everyBlock.filter(({ language }) => language === "sh");
  it.each(cases(shell))("%s names commands and options that exist", (_, { text }) => {
    for (const words of commandLines(text)) {
      expect(problemWith(words), words.join(" ")).toBeNull();
    }
  });

  it("mark their blocks with a language", () => {
    expect(everyBlock.filter(({ language }) => language === "").map(placeOf)).toEqual([]);
  });

  it.each(all)("%s links to what is there", (document) => {
    const missing = links(readProjectFile(document)).filter((link) => !resolves(document, link));
    expect(missing).toEqual([]);
  });

  it("name no command that there is not", () => {
    const names = commandNames();
    const named = all.flatMap((document) =>
      [...readProjectFile(document).matchAll(/`(?:npx )?aura ([a-z]+)\b/g)].map(([, name]) => name ?? ""),
    );
    expect([...new Set(named)].filter((name) => !names.has(name))).toEqual([]);
  });

  it("name in the README what runs the main job on a fresh machine, and what passes the tests", () => {
    const text = readProjectFile("README.md");
    expect(text).toContain("npm ci && npx aura run specs/digits.yaml");
    expect(text).toContain("`npm cit`");
  });

  it("tell every command in the README", () => {
    const text = readProjectFile("README.md");
    for (const name of commandNames()) expect(text).toContain(`\`aura ${name} `);
  });

  it("say of no message of the command that it names a command there is not", () => {
    const names = commandNames();
    const named = projectFiles(".ts")
      .filter((path) => path.startsWith("src/"))
      .flatMap((path) =>
        [...readProjectFile(path).matchAll(/[`"': ]aura ([a-z]+) (?:\$\{|<)/g)].map(([, name]) => name ?? ""),
      );
    expect([...new Set(named)].filter((name) => !names.has(name))).toEqual([]);
  });
});

describe("specs", () => {
  const specs = projectFiles(".yaml").filter((path) => /^(specs|examples)\//.test(path));
  const templates = projectFiles(".yaml").filter((path) => path.startsWith("templates/"));

  it.each(templates)("%s is valid", (path) => {
    expect(loadSpecText(readProjectFile(path), path, { registry }).warnings).toEqual([]);
  });

  it.each(specs)("%s is valid and opens with the schema that editors use", (path) => {
    const text = readProjectFile(path);
    expect(loadSpecText(text, path, { registry }).warnings).toEqual([]);
    const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1];
    expect(schema).toBeDefined();
    expect(existsSync(join(REPOSITORY, dirname(path), schema ?? ""))).toBe(true);
  });
});

function commandNames(): ReadonlySet<string> {
  return new Set(program(() => {}).commands.map((command) => command.name()));
}

/** The `aura` commands of a shell block, as words; comments, other commands and variables before it left out. */
function commandLines(text: string): readonly (readonly string[])[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .flatMap((line) =>
      line
        .replace(/(^|\s)#.*$/, "")
        .replace(/ (?:>|\|\|?) .*$/, "")
        .split("&&"),
    )
    .map((line) => /^\s*(?:npx )?aura (.*)$/.exec(line)?.[1])
    .filter((line) => line !== undefined)
    .map(splitWords);
}

/** What is wrong with a command line; `null` when the command would take it. */
function problemWith(words: readonly string[]): string | null {
  const [name = "", ...rest] = words;
  const aura = program(() => {});
  const command = aura.commands.find((one) => one.name() === name);
  if (!command) return `there is no command ${name}`;
  command.action(() => {}).configureOutput({ writeErr: () => {} });
  try {
    aura.parse([name, ...rest], { from: "user" });
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Targets of the links and pictures of a document, code left out. */
function links(text: string): readonly string[] {
  const prose = text.replace(/^(`{3,})[\s\S]*?^\1$/gm, "").replace(/`[^`\n]*`(?!\])/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
}

function resolves(document: string, link: string): boolean {
  if (/^https?:/.test(link)) return true;
  const [path = "", anchor] = link.split("#");
  const file = path === "" ? document : join(dirname(document), path);
  const absolute = join(REPOSITORY, file);
  if (!existsSync(absolute)) return false;
  return anchor === undefined || !statSync(absolute).isFile() || anchors(readProjectFile(file)).has(anchor);
}

function anchors(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading ?? "");
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}
