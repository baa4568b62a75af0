import { isJsonObject, type JsonValue } from "../../model/json.ts";
import { clip, promptText } from "../../text/printable.ts";
import { extractJson, withoutReasoning } from "../extract-json.ts";
import type { Reading } from "../prompting/ask.ts";

/** Lowest and highest score. */
export type Scale = readonly [low: number, high: number];

/** What a judge says. */
export interface Vote {
  readonly score: number;
  readonly reason: string;
  readonly feedback?: string;
}

const MAX_REASON = 2000;
const MAX_FEEDBACK = 8000;
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** The vote in a reply: a JSON object with a `score` on the scale, or nothing but a number. Never a number out of prose. */
export function parseVote(reply: string | JsonValue, scale: Scale): Reading<Vote> {
  const value = typeof reply === "string" ? valueIn(reply) : reply;
  if (value === undefined) return { ok: false, reason: "the reply holds no JSON object with a score" };
  const said = isJsonObject(value) ? value : { score: value };
  const score = typeof said.score === "string" && NUMBER.test(said.score.trim()) ? Number(said.score) : said.score;
  if (typeof score !== "number" || !Number.isFinite(score)) {
    return { ok: false, reason: 'the reply has no number as its "score"' };
  }
  const [low, high] = scale;
  if (score < low || score > high) return { ok: false, reason: `the score ${score} is not from ${low} to ${high}` };
  const text = (of: JsonValue | undefined, most: number) => (typeof of === "string" ? clip(promptText(of), most) : "");
  const feedback = text(said.feedback, MAX_FEEDBACK);
  return {
    ok: true,
    value: { score, reason: text(said.reason, MAX_REASON), ...(feedback === "" ? {} : { feedback }) },
  };
}

function valueIn(reply: string): JsonValue | undefined {
  const bare = withoutReasoning(reply).trim();
  if (NUMBER.test(bare)) return Number(bare);
  const found = extractJson(reply);
  return found.ok && isJsonObject(found.value) ? found.value : undefined;
}
