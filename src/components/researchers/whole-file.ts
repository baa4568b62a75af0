import type { Edit } from "../../model/hypothesis.ts";
import { promptLine } from "../../text/printable.ts";
import { isJsonText, jsonSpans } from "../extract-json.ts";

/** The one tracked file, as a proposal finds it. */
export interface OnlyFile {
  readonly path: string;
  readonly content: string;
}

type FileEdit = Extract<Edit, { content: string }>;

/** What of a reply is code in fenced blocks, and the rest of it with blanks in their places. */
export interface Code {
  readonly blocks: readonly CodeBlock[];
  readonly around: string;
}

interface CodeBlock {
  readonly info: string;
  readonly body: string;
  /** It begins at the margin, and has an end. */
  readonly isWhole: boolean;
}

const FENCE = /^([ \t]{0,12})(`{3,}|~{3,})[ \t]*([^\n`]*)$/gm;

/**
 * The fenced blocks of a reply that are no JSON, nor inside of any; `null` when there are none. A block may hold others
 * that say what they are (a Markdown file with its examples): what names no language ends the innermost.
 */
export function codeIn(text: string): Code | null {
  const fences = [...text.matchAll(FENCE)];
  if (fences.length === 0) return null;
  const values = jsonSpans(text);
  const blocks: CodeBlock[] = [];
  const around: string[] = [];
  let end = 0;
  let value = 0;
  const add = ({ info, indent, from, bodyFrom }: Opening, to: { body: number; block: number } | null): void => {
    const body = text.slice(bodyFrom, to?.body);
    if (/^json/i.test(info) || isJsonText(body)) return;
    blocks.push({ info, body, isWhole: to !== null && indent === "" });
    around.push(text.slice(end, from));
    end = to?.block ?? text.length;
  };
  const open: Opening[] = [];
  for (const { 0: line, 1: indent = "", 2: mark = "", 3: said = "", index: from } of fences) {
    const info = said.trim();
    const after = from + line.length;
    const [outer] = open;
    const inner = open.at(-1);
    if (!inner) {
      while ((values[value]?.end ?? from + 1) <= from) value++;
      if ((values[value]?.from ?? from) >= from) open.push({ mark, info, indent, from, bodyFrom: after + 1 });
    } else if (mark.startsWith(inner.mark)) {
      if (info !== "") open.push({ mark, info, indent, from, bodyFrom: after + 1 });
      else if (open.pop() === outer && outer) add(outer, { body: from, block: after });
    }
  }
  if (open[0]) add(open[0], null);
  return blocks.length === 0 ? null : { blocks, around: [...around, text.slice(end)].join("\n") };
}

interface Opening {
  readonly mark: string;
  readonly info: string;
  readonly indent: string;
  readonly from: number;
  readonly bodyFrom: number;
}

/** The edit, where code is the whole file and no excerpt, example or patch of it; else what it is. */
export function wholeFileIn({ blocks: [block, ...more] }: Code, file: OnlyFile): FileEdit | string {
  const path = promptLine(file.path, 200);
  if (!block || more.length > 0) return `more than one block could be ${path}`;
  if (!block.isWhole) return `the block that could be ${path} has no end, or is indented`;
  const { info, body } = block;
  if (/^(?:diff|patch)\b/i.test(info) || /^\s*(?:diff --git |--- |@@ )/.test(body))
    return 'a patch has to be an edit, {"diff": …}';
  const [now, before] = [body.trim().length, file.content.trim().length];
  if (now === 0 || now * 2 < before)
    return `a block of ${now} characters is not taken for the whole of ${path}, which has ${before}`;
  const gap = body.split("\n").find((line) => leavesOut(line) && !file.content.includes(line.trim()));
  if (gap !== undefined) return `the block leaves out parts of ${path}: ${promptLine(gap, 100)}`;
  return { path: file.path, content: body };
}

/** A line such as `# ... rest of the code unchanged`. */
function leavesOut(line: string): boolean {
  return (
    /^\s*(?:#|\/\/|\/\*|\*|--|;|%|<!--|\.{3}|…|\[|\()/.test(line) &&
    /\.{3}|…|\b(?:rest|remainder) of the\b/i.test(line) &&
    /\b(?:rest|remain(?:s|ing|der)|unchanged|existing|same|omitted|as before)\b/i.test(line)
  );
}
