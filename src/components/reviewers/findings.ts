import type { StageContext } from "../../kernel/context.ts";
import type { Finding } from "../../kernel/ports.ts";
import type { HypothesisId } from "../../model/ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import { priorName } from "../../model/prior.ts";
import { clip, promptLine, promptText } from "../../text/printable.ts";
import { extractJson, withoutReasoning } from "../extract-json.ts";
import type { Reading } from "../prompting/ask.ts";

const MAX_FINDINGS = 50;
const MAX_FINDING = 2000;
const MAX_RECOMMENDATION = 1000;
const MAX_EVIDENCE = 50;
const FINDING_KEYS = ["finding", "insight", "observation", "lesson", "text", "summary"];
const RECOMMENDATION_KEYS = ["recommendation", "suggestion", "next_step", "next"];
const EVIDENCE_KEYS = ["evidence", "hypotheses", "ids", "sources"];
const REPLACE_KEYS = ["replace", "replaces"];
const RETRACT_KEYS = ["retract", "retracts"];
const REASON_KEYS = ["reason", "why"];
const WRAPPER = /^(insights?|findings?|observations?|lessons|reviews?|items)$/i;

/** The id a piece of evidence stands for, by id or label; `undefined` for anything unknown. */
export type EvidenceLookup = (name: string) => HypothesisId | undefined;

/** Ids of the insights that a review can replace or take back, as its prompt has them. */
export function standingIds({ history, prior = [] }: Pick<StageContext, "history" | "prior">): ReadonlySet<string> {
  const earlier = prior.flatMap((run) => run.insights.map(({ id }) => priorName(run, id)));
  return new Set([...earlier, ...history.insights.map(({ id }) => id)]);
}

/** What a review may refer to. */
export interface Known {
  readonly evidence: EvidenceLookup;
  /** Ids of the insights that stand. */
  readonly insights: ReadonlySet<string>;
}

/**
 * The findings in a reply: a JSON list of `{finding, recommendation?, evidence?, replace?}`, of `{retract, finding?}` or of
 * strings, an object that holds one, or plain prose, which is one finding. An empty list is a review, too. What names no
 * known hypothesis or insight is dropped. Not ok for an empty reply, for JSON that is cut off, and for JSON without a
 * finding in it.
 */
export function parseFindings(reply: string | JsonValue, known: Known): Reading<readonly Finding[]> {
  if (typeof reply !== "string") return fromJson(reply, known);
  const prose = promptText(withoutReasoning(reply)).trim();
  if (prose === "") return { ok: false, reason: "the reply is empty" };
  if (/(?:^|\n)\[\s*\]$/.test(prose)) return { ok: true, value: [] };
  const found = extractJson(reply);
  if (found.ok && (typeof found.value === "object" || prose === reply.trim())) {
    const read = fromJson(found.value, known);
    // Prose with a bracket or an example in it is still prose.
    if ((read.ok && read.value.length > 0) || !isMostlyProse(prose)) return read;
  }
  if (!found.ok && !isMostlyProse(prose)) return { ok: false, reason: found.reason };
  if (!/\p{L}{2}/u.test(prose)) return { ok: false, reason: "the reply says nothing" };
  return { ok: true, value: [{ finding: clip(prose, MAX_FINDING) }] };
}

/** Text that begins like a sentence, not like JSON or a fenced block. */
function isMostlyProse(text: string): boolean {
  return !/^\s*(?:[[{"]|`{3}|~{3})/.test(text) && !/```/.test(text);
}

function fromJson(value: JsonValue, known: Known): Reading<readonly Finding[]> {
  const items = itemsOf(value);
  const findings = items.flatMap((item) => {
    const finding = readFinding(item, known);
    return finding ? [finding] : [];
  });
  if (findings.length === 0 && items.some((item) => !(isJsonObject(item) && namesOf(item, RETRACT_KEYS).length > 0))) {
    return { ok: false, reason: 'the JSON holds no object with a "finding"' };
  }
  return { ok: true, value: findings.slice(0, MAX_FINDINGS) };
}

function itemsOf(value: JsonValue): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value) || textAt(value, FINDING_KEYS) !== "" || namesOf(value, RETRACT_KEYS).length > 0)
    return [value];
  const lists = Object.entries(value).flatMap(([key, list]) => (Array.isArray(list) ? [{ key, list }] : []));
  const wrapped = lists.find(({ key }) => WRAPPER.test(key)) ?? (lists.length === 1 ? lists[0] : undefined);
  return wrapped ? wrapped.list : [value];
}

function readFinding(item: JsonValue, { evidence, insights }: Known): Finding | null {
  if (typeof item === "string") {
    const finding = promptLine(item, MAX_FINDING);
    return finding === "" ? null : { finding };
  }
  if (!isJsonObject(item)) return null;
  const known = (keys: readonly string[]) => [...new Set(namesOf(item, keys).filter((id) => insights.has(id)))];
  const retracts = known(RETRACT_KEYS);
  const isRetraction = namesOf(item, RETRACT_KEYS).length > 0;
  const said = promptLine(textAt(item, isRetraction ? [...FINDING_KEYS, ...REASON_KEYS] : FINDING_KEYS), MAX_FINDING);
  const finding = said === "" && isRetraction ? "It does not hold." : said;
  if (finding === "" || (isRetraction && retracts.length === 0)) return null;
  const recommendation = promptLine(textAt(item, RECOMMENDATION_KEYS), MAX_RECOMMENDATION);
  const ids = evidenceOf(item, evidence);
  const replaces = known(REPLACE_KEYS);
  return {
    finding,
    ...(recommendation === "" ? {} : { recommendation }),
    ...(ids.length > 0 ? { evidence: ids } : {}),
    ...(isRetraction ? { retracts } : replaces.length > 0 ? { replaces } : {}),
  };
}

function textAt(item: JsonObject, keys: readonly string[]): string {
  for (const key of keys) {
    const value = item[key];
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  return "";
}

function evidenceOf(item: JsonObject, lookup: EvidenceLookup): readonly HypothesisId[] {
  const ids = namesOf(item, EVIDENCE_KEYS).flatMap((name) => lookup(name) ?? []);
  return [...new Set(ids)].slice(0, MAX_EVIDENCE);
}

/** The names under these keys, one or a list of them. */
function namesOf(item: JsonObject, keys: readonly string[]): readonly string[] {
  const given = keys.flatMap((key): readonly JsonValue[] => {
    const value = item[key];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  });
  return given.flatMap((name) => (typeof name === "string" || typeof name === "number" ? [String(name).trim()] : []));
}
