import type { Edit } from "../../model/hypothesis.ts";
import { isJsonObject, type JsonValue } from "../../model/json.ts";

const MAX_EDITS = 200;
const MAX_PATH = 1024;
const MAX_CHARACTERS = 4 * 1024 * 1024;

export type EditsReading =
  | { readonly ok: true; readonly edits: readonly Edit[] }
  | { readonly ok: false; readonly reason: string };

/**
 * The edits of a proposal, checked for shape: `{path, content}`, `{path, search, replace}`, `{path, delete: true}` or
 * `{diff}`; other keys beside these are dropped. `any`: the names are of files that are there, and hold what they hold. Whether a path may be edited is for whoever applies them.
 */
export function readEdits(value: JsonValue | undefined, names: "plain" | "any" = "plain"): EditsReading {
  if (value === undefined || value === null) return { ok: true, edits: [] };
  const items: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  if (items.length > MAX_EDITS) return { ok: false, reason: `more than ${MAX_EDITS} edits` };
  const edits: Edit[] = [];
  let characters = 0;
  for (const [place, item] of items.entries()) {
    const edit = readEdit(item, names);
    if (typeof edit === "string") return { ok: false, reason: `edits[${place}] ${edit}` };
    characters += JSON.stringify(edit).length;
    if (characters > MAX_CHARACTERS) return { ok: false, reason: `edits of more than ${MAX_CHARACTERS} characters` };
    edits.push(edit);
  }
  return { ok: true, edits };
}

function readEdit(item: JsonValue, names: "plain" | "any"): Edit | string {
  if (!isJsonObject(item)) return "is not an object";
  const { path, content, search, replace, diff } = item;
  const forms = ["content", "search", "delete", "diff"].filter(
    (form) => Object.hasOwn(item, form) && item[form] !== false,
  );
  if (forms.length === 0) return 'has none of "content", "search" and "replace", "delete", "diff"';
  if (forms.length > 1) return `has ${forms.map((form) => `"${form}"`).join(" and ")}: an edit is one of them`;
  if (forms[0] === "diff") return typeof diff === "string" && diff !== "" ? { diff } : 'has a "diff" that is not text';
  if (typeof path !== "string" || path === "") return 'has no "path"';
  if (path.length > MAX_PATH || (names === "plain" && /[\u0000-\u001f\u007f]/.test(path)))
    return 'has a "path" that is no file name';
  if (forms[0] === "delete") return item.delete === true ? { path, delete: true } : 'has a "delete" that is not true';
  if (forms[0] === "content")
    return typeof content === "string" ? { path, content } : 'has a "content" that is not text';
  if (typeof search !== "string" || search === "") return 'has a "search" that is not text';
  return typeof replace === "string" ? { path, search, replace } : 'has a "search" without a "replace"';
}
