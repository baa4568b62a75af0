import type { Proposal } from "../../kernel/ports.ts";
import type { Edit } from "../../model/hypothesis.ts";
import { distinct, type RefusedProposal } from "../../model/iteration.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import { clip, hasControls, promptLine, promptText } from "../../text/printable.ts";
import { extractJson, jsonCandidates, sanitizeJson, withoutReasoning } from "../extract-json.ts";
import { type Code, codeIn, type OnlyFile, wholeFileIn } from "./whole-file.ts";

export interface ProposalRules {
  /** Refuses a spec outside it, with the reason. */
  readonly space?: { violation(spec: JsonObject): string | null } | undefined;
  /** What is wrong with a spec by the user's own schema; empty when nothing is. */
  readonly hypothesisSchemaCheck?: ((spec: JsonValue) => readonly string[]) | undefined;
  /** Whether proposals may carry edits to tracked artifacts. */
  readonly allowEdits: boolean;
  /** Whether proposals may name the state they start from: only then is `base` no parameter like any other. */
  readonly allowBase?: boolean;
  /** The tracked file, where there is one and nothing but edits is asked for: a reply may be its new content. */
  readonly onlyFile?: (() => OnlyFile | undefined) | undefined;
}

export type ParsedProposals =
  | { readonly ok: true; readonly proposals: readonly Proposal[]; readonly refused: readonly RefusedProposal[] }
  | { readonly ok: false; readonly reason: string; readonly refused: readonly RefusedProposal[] };

export const MAX_ITEMS = 200;
const MAX_SPEC_CHARACTERS = 64 * 1024;
const MAX_LABEL = 120;
const MAX_RATIONALE = 4000;
const MAX_METADATA_CHARACTERS = 16 * 1024;
const TAKEN_OUT = new Set(["id", "label", "rationale", "metadata", "edits", "spec"]);
const WRAPPERS =
  /^(hypothes[ei]s|proposals?|experiments?|tasks?|ideas?|candidates?|config(uration)?s?|suggestions?|items?|results?)$/i;

/**
 * The proposals in a model's reply: a JSON list, an object that holds one under a property of its own, or a single
 * object. Where a text holds several, the first of `jsonCandidates` that has an item of use; several blocks with one
 * object each are that many proposals. Items that are not of use are refused, each with its reason, and so is what another
 * part of the reply proposes. Not ok when there is no JSON, nothing in it, or nothing left. Where edits are taken, code is
 * not searched for JSON: a reply of one block of code that is the whole of the one tracked file is an edit of it. `reply` may be text
 * or, from runners that have it, data.
 */
export function parseProposals(reply: string | JsonValue, rules: ProposalRules): ParsedProposals {
  if (typeof reply !== "string") return proposalsIn(sanitizeJson(reply), rules);
  const code = rules.allowEdits ? codeIn(withoutReasoning(reply)) : null;
  if (code === null) return proposalsInText(reply, rules);
  return /\{\s*["']/.test(code.around) ? proposalsInText(code.around, rules) : proposalOfFile(code, rules);
}

function proposalOfFile(code: Code, rules: ProposalRules): ParsedProposals {
  const file = rules.onlyFile?.();
  const edit = file ? wholeFileIn(code, file) : "only code";
  if (typeof edit === "string") return { ok: false, reason: `there is no JSON in the reply: ${edit}`, refused: [] };
  const rationale = code.around.trim();
  return proposalsIn({ ...(rationale === "" ? {} : { rationale }), edits: [edit] }, rules);
}

function proposalsInText(reply: string, rules: ProposalRules): ParsedProposals {
  let used: ParsedProposals | null = null;
  let likeliest: ParsedProposals | null = null;
  const refused: RefusedProposal[] = [];
  for (const found of jsonCandidates(reply, { asMany: true })) {
    const read: ParsedProposals = found.ok
      ? proposalsIn(found.value, rules)
      : { ok: false, reason: found.reason, refused: [] };
    likeliest ??= read;
    if (used?.ok) refused.push(...notTaken(read, used.proposals));
    else {
      refused.push(...read.refused);
      if (read.ok) used = read;
    }
  }
  if (used) return { ...used, refused: distinct(refused) };
  return likeliest ?? { ok: false, reason: "there is no JSON in the reply", refused: [] };
}

/** What a reply holds besides what was taken for its answer, refused so that it is not lost unsaid. */
function notTaken(read: ParsedProposals, taken: readonly Proposal[]): readonly RefusedProposal[] {
  if (!read.ok) return [];
  const known = new Set(taken.map(({ spec, edits = [] }) => canonicalJson({ spec, edits })));
  return read.proposals.flatMap(({ label, spec, edits = [] }, place) =>
    known.has(canonicalJson({ spec, edits }))
      ? []
      : [{ label: label ?? `#${place + 1}`, reason: "another part of the reply was taken for the answer" }],
  );
}

function proposalsIn(value: JsonValue, rules: ProposalRules): ParsedProposals {
  const items = itemsOf(value);
  if (!items) return { ok: false, reason: "the JSON is neither a list of objects nor an object", refused: [] };
  const proposals: Proposal[] = [];
  const refused: RefusedProposal[] = [];
  for (const [place, item] of items.slice(0, MAX_ITEMS).entries()) {
    const label = labelOf(item);
    const read = readProposal(item, label, rules);
    if (typeof read === "string") refused.push({ label: label ?? `#${place + 1}`, reason: clip(read, 1000) });
    else proposals.push(read);
  }
  if (items.length > MAX_ITEMS) {
    refused.push({ label: `#${MAX_ITEMS + 1}`, reason: `${items.length} items: only the first ${MAX_ITEMS} are read` });
  }
  if (proposals.length > 0) return { ok: true, proposals, refused };
  const reasons = refused.slice(0, 10).map(({ label, reason }) => `${label}: ${reason}`);
  return { ok: false, reason: reasons.length > 0 ? reasons.join("; ") : "the list is empty", refused };
}

/**
 * The proposal of edits that are made already, from the reply of whoever made them: an object in it may give `label`,
 * `rationale`, `metadata` and `spec` (with a search space or a schema, also as keys of their own); other text is the
 * rationale.
 */
export function describeEdits(
  edits: readonly Edit[],
  reply: JsonValue,
  place: string,
  rules: ProposalRules,
): Proposal | RefusedProposal {
  const found = typeof reply === "string" ? extractJson(reply) : { ok: true as const, value: sanitizeJson(reply) };
  const said = found.ok && isJsonObject(found.value) ? found.value : {};
  const asks = rules.space !== undefined || rules.hypothesisSchemaCheck !== undefined;
  const rest = Object.fromEntries(Object.entries(said).filter(([key]) => !TAKEN_OUT.has(key)));
  const spec = isJsonObject(said.spec) ? said.spec : asks ? rest : {};
  const label = labelOf(said);
  const problem = specProblem(spec, true, rules);
  if (problem !== null) return { label: label ?? place, reason: clip(problem, 1000) };
  const rationale = textOf(said.rationale ?? (typeof reply === "string" ? withoutReasoning(reply) : undefined));
  const metadata = metadataOf(said.metadata, {});
  return {
    ...(label === undefined ? {} : { label }),
    spec,
    edits,
    ...(rationale === "" ? {} : { rationale }),
    ...(metadata ? { metadata } : {}),
  };
}

function itemsOf(value: JsonValue): readonly JsonValue[] | null {
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value)) return null;
  const lists = Object.entries(value).flatMap(([key, list]) =>
    Array.isArray(list) && key !== "edits" && list.some(isJsonObject) ? [{ key, list }] : [],
  );
  const wrapped =
    lists.find(({ key }) => WRAPPERS.test(key)) ?? (Object.keys(value).length === 1 ? lists[0] : undefined);
  return wrapped ? wrapped.list : [value];
}

function labelOf(item: JsonValue): string | undefined {
  if (!isJsonObject(item)) return undefined;
  for (const value of [item.label, item.id]) {
    if (typeof value !== "string" && typeof value !== "number") continue;
    const label = promptLine(String(value), MAX_LABEL);
    if (label !== "") return label;
  }
  return undefined;
}

function readProposal(item: JsonValue, label: string | undefined, rules: ProposalRules): Proposal | string {
  if (!isJsonObject(item)) return "it is not an object";
  const base = rules.allowBase === true && typeof item.base === "string" ? promptLine(item.base, MAX_LABEL) : undefined;
  const isParameter = (key: string): boolean => !TAKEN_OUT.has(key) && (key !== "base" || base === undefined);
  const rest = Object.fromEntries(Object.entries(item).filter(([key]) => isParameter(key)));
  const hasSpec = isJsonObject(item.spec);
  if (Object.hasOwn(item, "spec") && !hasSpec) return '"spec" is not an object';
  const spec = isJsonObject(item.spec) ? item.spec : rest;
  const edits = readEdits(item.edits);
  if (!edits.ok) return edits.reason;
  if (edits.edits.length > 0 && !rules.allowEdits) return "it carries edits, and this run takes none";
  const problem = specProblem(spec, edits.edits.length > 0, rules);
  if (problem !== null) return problem;
  const rationale = textOf(item.rationale);
  const metadata = metadataOf(item.metadata, hasSpec ? rest : {});
  return {
    ...(label === undefined ? {} : { label }),
    spec,
    ...(edits.edits.length > 0 ? { edits: edits.edits } : {}),
    ...(base === undefined ? {} : { base }),
    ...(rationale === "" ? {} : { rationale }),
    ...(metadata ? { metadata } : {}),
  };
}

function specProblem(spec: JsonObject, hasEdits: boolean, rules: ProposalRules): string | null {
  const size = JSON.stringify(spec).length;
  if (size > MAX_SPEC_CHARACTERS) return `its spec has ${size} characters, more than ${MAX_SPEC_CHARACTERS}`;
  if (size === 2 && !hasEdits) return "it holds neither parameters nor edits";
  const violation = rules.space?.violation(spec) ?? null;
  if (violation !== null) return violation;
  const problems = rules.hypothesisSchemaCheck?.(spec) ?? [];
  return problems.length > 0 ? problems.slice(0, 5).join("; ") : null;
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "";
  return clip(promptText(typeof value === "string" ? value : JSON.stringify(value)).trim(), MAX_RATIONALE);
}

/** The proposal's metadata; what stood beside an explicit `spec` goes with it rather than being lost. */
function metadataOf(given: JsonValue | undefined, beside: JsonObject): JsonObject | null {
  const metadata = { ...beside, ...(isJsonObject(given) ? given : {}) };
  const size = JSON.stringify(metadata).length;
  return size > 2 && size <= MAX_METADATA_CHARACTERS ? metadata : null;
}

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
  if (path.length > MAX_PATH || (names === "plain" && hasControls(path))) return 'has a "path" that is no file name';
  if (forms[0] === "delete") return item.delete === true ? { path, delete: true } : 'has a "delete" that is not true';
  if (forms[0] === "content")
    return typeof content === "string" ? { path, content } : 'has a "content" that is not text';
  if (typeof search !== "string" || search === "") return 'has a "search" that is not text';
  return typeof replace === "string" ? { path, search, replace } : 'has a "search" without a "replace"';
}
