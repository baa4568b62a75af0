import { dirname, join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { blocks, documents, REPOSITORY } from "../support/documents.ts";
import { few } from "../support/thorough.ts";

const WAYS = few([
  ["as strictly as the library itself", {}],
  [
    "with nothing but `strict`, as in most projects",
    {
      exactOptionalPropertyTypes: false,
      noUncheckedIndexedAccess: false,
      verbatimModuleSyntax: false,
    },
  ],
]);

it.each(WAYS)(
  "every TypeScript block of the documents type-checks against the library, %s",
  (_how, less) => {
    expect(problemsIn(programs(), less)).toEqual([]);
  },
  60_000,
);

/** Text of each block by the path it is checked at: a folder a document, named blocks under their own names. */
function programs(): ReadonlyMap<string, string> {
  const found = documents().flatMap((document) =>
    blocks(document, "ts").map(({ line, text, note }) => {
      const named = /^file: (\S+)$/.exec(note ?? "")?.[1];
      return [join(REPOSITORY, "test", "documents", document, named ?? `block-${line}.ts`), text] as const;
    }),
  );
  return new Map(found);
}

function problemsIn(texts: ReadonlyMap<string, string>, less: ts.CompilerOptions): readonly string[] {
  const { config } = ts.readConfigFile(join(REPOSITORY, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, REPOSITORY);
  const paths = {
    "aura-research": [join(REPOSITORY, "src", "index.ts")],
    "aura-research/testing": [join(REPOSITORY, "src", "testing", "index.ts")],
  };
  const folders = new Set([...texts.keys()].map((path) => dirname(path)));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile, directoryExists } = host;
  host.getSourceFile = (path, version, ...rest) => {
    const text = texts.get(path);
    return text === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, text, version);
  };
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.directoryExists = (path) => folders.has(path) || (directoryExists?.(path) ?? false);
  const program = ts.createProgram([...texts.keys()], { ...options, ...less, paths }, host);
  return [...texts.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    if (!file) return [`${path} was not read`];
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map((diagnostic) => {
      const { line } = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
      return `${path}:${line + 1}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`;
    });
  });
}
