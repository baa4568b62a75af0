import type { TemplateProblem } from "./template-check.ts";

/** What the parser shows on either side of the place it stopped at. */
const SHOWN = 20;

/** What keeps a template from being read, in words about what to do, from what the parser of Handlebars said of it. */
export function syntaxProblem(source: string, thrown: string): TemplateProblem {
  const [, line, shown, mark] = /^Parse error on line (\d+):\n(.*)\n(-*)\^/.exec(thrown) ?? [];
  if (line === undefined || shown === undefined || mark === undefined) return ownProblem(thrown);
  const got = /got '([A-Z_]+)'/.exec(thrown)?.[1] ?? "";
  const at = stoppedAt(source, Number(line), shown, mark.length);
  const open = lastOpenBlock(source.slice(0, at));
  if (got === "EOF") {
    if (!open) return { message: "the prompt ends inside {{…}}; close it with }}", ...placeAt(source, at) };
    return { message: `{{#${open.name} …}} is not closed; write {{/${open.name}}}`, ...placeAt(source, open.at) };
  }
  return { message: explained(got), ...placeAt(source, at) };
}

function explained(got: string): string {
  switch (got) {
    case "OPEN_ENDBLOCK":
      return "{{/…}} closes a block that was not opened with {{#…}}";
    case "INVERSE":
    case "OPEN_INVERSE":
    case "OPEN_INVERSE_CHAIN":
      return "{{else}} belongs inside a block, once";
    case "CLOSE":
      return "something is missing before }}; write {{name}}";
    default:
      return "what stands here cannot be read; write {{name}}, {{#each name}} … {{/each}}, {{#if name}} … {{/if}} or {{json name}}";
  }
}

/** Errors that Handlebars words itself end in the place. */
function ownProblem(thrown: string): TemplateProblem {
  const [, message, line, column] = /^(.*) - (\d+):(\d+)$/s.exec(thrown) ?? [];
  if (message === undefined) return { message: thrown, line: 1, column: 1 };
  const names = /^(.*) doesn't match (.*)$/s.exec(message);
  const plain = names
    ? `{{#${names[1]} …}} is closed by {{/${names[2]}}}; each block is closed by its own name`
    : message;
  return { message: plain, line: Number(line), column: Number(column) + 1 };
}

/** The offset of the mark: the parser tells the line that it was in, and some text around, without line breaks. */
function stoppedAt(source: string, line: number, shown: string, mark: number): number {
  const offsets = [...source.matchAll(/[^\n]/g)].map(({ index }) => index);
  const plain = source.replaceAll("\n", "");
  const cut = mark > SHOWN ? shown.length - shown.replace(/^\.\.\./, "").length : 0;
  const text = shown.slice(cut).replace(/\.\.\.$/, "");
  const found: number[] = [];
  for (let at = plain.indexOf(text); at >= 0; at = plain.indexOf(text, at + 1)) {
    found.push(offsets[at + mark - cut] ?? source.length);
  }
  return found.find((offset) => placeAt(source, offset).line === line) ?? found[0] ?? source.length;
}

function lastOpenBlock(source: string): { readonly name: string; readonly at: number } | null {
  const open: { readonly name: string; readonly at: number }[] = [];
  for (const found of source.matchAll(/\{\{~?\s*([#^/])\s*([^\s{}~]+)/g)) {
    const [, kind, name = ""] = found;
    if (kind === "/") open.pop();
    else open.push({ name, at: found.index });
  }
  return open.at(-1) ?? null;
}

function placeAt(source: string, offset: number): { readonly line: number; readonly column: number } {
  const before = source.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
