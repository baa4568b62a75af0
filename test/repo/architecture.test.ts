import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { VERSION } from "../../src/version.ts";
import { codeOnly, ROOT, type SourceFile, sourceFiles } from "./source-tree.ts";

const files = sourceFiles();

/** What each layer may import, besides itself. `version` and `index` stand beside the layers. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  text: [],
  model: ["text", "schema"],
  schema: ["text", "model"],
  kernel: ["text", "model", "schema"],
  platform: ["text", "model", "schema", "kernel"],
  workspace: ["text", "model", "schema", "kernel", "platform", "version"],
  components: ["text", "model", "schema", "kernel", "platform"],
  pipeline: ["text", "model", "schema", "kernel", "platform", "workspace", "components", "version"],
  spec: ["text", "model", "schema", "kernel", "platform", "workspace", "components", "pipeline"],
  reporters: ["text", "model", "kernel"],
  ui: ["text", "model", "kernel"],
  cli: [
    "text",
    "model",
    "schema",
    "kernel",
    "platform",
    "workspace",
    "components",
    "pipeline",
    "spec",
    "reporters",
    "ui",
    "version",
  ],
  testing: ["text", "model", "schema", "kernel", "platform", "workspace", "components", "pipeline", "spec"],
};

/** The only places a package may be imported from. */
const OWNERS: Readonly<Record<string, RegExp>> = {
  "@anthropic-ai/sdk": /^platform\/llm/,
  ajv: /^schema\/validate\.ts$/,
  chokidar: /^cli\/follow\.ts$/,
  commander: /^cli\//,
  diff: /^workspace\/states\//,
  execa: /^platform\//,
  "get-east-asian-width": /^text\/width\.ts$/,
  handlebars: /^platform\/template/,
  ignore: /^workspace\/states\//,
  ink: /^ui\//,
  jiti: /^platform\/modules\.ts$/,
  react: /^ui\//,
  yaml: /^(spec\/|platform\/template)/,
  "node:child_process": /^platform\//,
  "node:fs": /^(platform|cli|testing)\//,
  "node:fs/promises": /^(platform|cli|testing)\//,
};

/** Clock, chance, console and process belong to the edge. */
const EDGE_ONLY =
  /\bDate\.now\(|new Date\(\)|\bMath\.random\(|(?<![.\w])(setTimeout|setInterval)\(|(?<![.\w])process\.|(?<![.\w])console\./;

const layerOf = (path: string): string =>
  path.includes("/") ? (path.split("/")[0] ?? "") : path.replace(/\.tsx?$/, "");

function offending(rule: (file: SourceFile) => readonly string[]): readonly string[] {
  return files.flatMap((file) => rule(file).map((what) => `${file.path}: ${what}`));
}

describe("the layering law", () => {
  test("a layer imports only from the layers below it", () => {
    const wrong = offending((file) => {
      const layer = layerOf(file.path);
      const allowed = MAY_IMPORT[layer];
      if (!allowed) return [];
      return file.imports.filter((path) => layerOf(path) !== layer && !allowed.includes(layerOf(path)));
    });
    expect(wrong).toEqual([]);
  });

  test("every file under src is in a layer", () => {
    const known = [...Object.keys(MAY_IMPORT), "index", "setup-logging", "version"];
    expect(files.map(({ path }) => path).filter((path) => !known.includes(layerOf(path)))).toEqual([]);
  });

  test("no imports go round in a circle", () => {
    expect(cycles(files)).toEqual([]);
  });

  test("a package is imported only by the file or folder that owns it", () => {
    const wrong = offending((file) =>
      file.packages.filter((name) => OWNERS[name] !== undefined && !OWNERS[name].test(file.path)),
    );
    expect(wrong).toEqual([]);
  });
});

describe("start-up", () => {
  test("no command loads the schemas of what commands print: only their types are used", () => {
    const loading = /^(?:import|export) (?!type\b)[^;]*?"\.\/outputs\//m;
    const wrong = offending(({ path, text }) =>
      path.startsWith("cli/outputs/") || !loading.test(text) ? [] : ["loads the schemas"],
    );
    expect(wrong).toEqual([]);
  });
});

describe("the edge", () => {
  test("only platform, cli and testing touch clock, chance, process and console", () => {
    const wrong = offending((file) => {
      if (/^(platform|cli|testing)\//.test(file.path)) return [];
      const found = EDGE_ONLY.exec(codeOnly(file.text));
      return found ? [found[0]] : [];
    });
    expect(wrong).toEqual([]);
  });

  test("signals are listened to, and the process is ended, in one file only", () => {
    const handlers = /\bprocess\.(exit\(|on\(|once\(|addListener\()/;
    const wrong = offending((file) => {
      // Children are processes of their own, with an end of their own.
      const children = ["platform/cluster-child.ts", "platform/function-child.ts"];
      const allowed = ["cli/signals.ts", ...children].includes(file.path);
      return allowed || !handlers.test(codeOnly(file.text)) ? [] : ["handles signals or exits"];
    });
    expect(wrong).toEqual([]);
  });
});

describe("the house style", () => {
  test("no source file is longer than 400 lines", () => {
    expect(offending(({ text }) => (text.split("\n").length > 401 ? ["too long"] : []))).toEqual([]);
  });

  test("nothing in src is `any`, cast through unknown, or kept from the type checker", () => {
    const evasion = /:\s*any\b|\bas any\b|<any>|as unknown as/;
    const wrong = offending(({ text }) =>
      evasion.test(codeOnly(text)) || /@ts-(ignore|expect-error|nocheck)/.test(text) ? ["type escape"] : [],
    );
    expect(wrong).toEqual([]);
  });

  test("the version in the source is the package's", () => {
    const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(manifest).toMatchObject({ version: VERSION });
  });
});

function cycles(all: readonly SourceFile[]): readonly string[] {
  const imports = new Map(all.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    if (done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return found;
}
