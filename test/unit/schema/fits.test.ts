import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callSchema } from "../../../src/model/call.ts";
import { evaluationSchema } from "../../../src/model/evaluation.ts";
import type { JsonValue } from "../../../src/model/json.ts";
import type { HouseSchema } from "../../../src/schema/dialect.ts";
import { misfit } from "../../../src/schema/fits.ts";
import { compileSchema } from "../../../src/schema/validate.ts";

const EVALUATION = {
  hypothesisId: "i00001-h000",
  score: 0.5,
  passed: true,
  reason: "",
  metrics: { loss: 1 },
  details: {},
};
const CALL = {
  id: "i00001-researcher-a1",
  role: "researcher",
  iteration: 1,
  ask: 1,
  runner: "default",
  prompt: "?",
  promptHash: "0",
  attempts: 1,
  startedAt: "2026-01-31T12:00:00.000Z",
  state: "finished",
  response: "!",
  usage: { inputTokens: 1, outputTokens: 2 },
  endedAt: "2026-01-31T12:00:01.000Z",
  durationMs: 1000,
};

describe("misfit", () => {
  it.each<[string, JsonValue, HouseSchema, string | null]>([
    ["nothing", EVALUATION, evaluationSchema, null],
    ["what is no object", [], evaluationSchema, "the record must be object"],
    ["another type", { ...EVALUATION, passed: "yes" }, evaluationSchema, "passed must be boolean"],
    ["none of several", { ...EVALUATION, score: "1" }, evaluationSchema, "score is none of what it may be"],
    ["a place inside", { ...EVALUATION, metrics: { loss: null } }, evaluationSchema, "metrics.loss must be number"],
    ["a stranger", { ...EVALUATION, points: 1 }, evaluationSchema, 'the record must not have "points"'],
    ["a hole", { passed: true }, evaluationSchema, 'the record must have "hypothesisId"'],
    ["a number too small", { ...CALL, ask: 0 }, callSchema, "ask must be >= 1"],
    ["a tagged member", { ...CALL, state: "failed" }, callSchema, 'the record must have "failure"'],
    ["a tag of no member", { ...CALL, state: "lost" }, callSchema, 'the record has "lost" as "state", which is none'],
  ])("names %s", (_, value, schema, message) => {
    expect(misfit(value, schema)).toBe(message);
  });

  it.each<[string, object, HouseSchema]>([
    ["evaluations", EVALUATION, evaluationSchema],
    ["calls", CALL, callSchema],
  ])("agrees with the schema compiler on %s of which something is another", (_, record, schema) => {
    const check = compileSchema(schema);
    const key = fc.constantFrom(...Object.keys(record), "other");
    fc.assert(
      fc.property(key, fc.jsonValue(), (changed, value) => {
        const spoilt = { ...record, [changed]: value };
        expect(misfit(spoilt, schema) === null).toBe(check(JSON.parse(JSON.stringify(spoilt))).length === 0);
      }),
    );
  });
});
