import { describe, expectTypeOf, test } from "vitest";
import type { FrameLine } from "../../src/cli/outputs/events.ts";
import type { OutputOf } from "../../src/cli/outputs/index.ts";
import type { ErrorOutput } from "../../src/cli/outputs/shared.ts";
import type { AnyDefinition, Kind } from "../../src/kernel/define.ts";
import type { Evaluation, evaluationSchema } from "../../src/model/evaluation.ts";
import type { Experiment, experimentSchema } from "../../src/model/experiment.ts";
import type { Hypothesis, hypothesisSchema } from "../../src/model/hypothesis.ts";
import type { Insight, insightsSchema } from "../../src/model/insight.ts";
import type { JsonObject, JsonPrimitive, JsonValue } from "../../src/model/json.ts";
import type { Trial, trialSchema } from "../../src/model/trial.ts";
import type { ExplainedStep } from "../../src/pipeline/resume.ts";
import type { Infer } from "../../src/schema/infer.ts";

// Nothing here runs anything: the type checker does the work.

/** A type as its bare shape: interfaces, intersections and aliases that mean the same become the same. */
type Shape<T> = [JsonValue] extends [T]
  ? "any JSON"
  : T extends JsonPrimitive
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Shape<Item>[]
      : string extends keyof T
        ? { readonly [key: string]: Shape<T[keyof T]> }
        : { readonly [K in keyof T]: Shape<T[K]> };

describe("the published schemas say of the records what their types say:", () => {
  test("no property more, none fewer, and none that may be absent in one of them only", () => {
    expectTypeOf<Shape<Infer<typeof hypothesisSchema>>>().toEqualTypeOf<Shape<Hypothesis>>();
    expectTypeOf<Shape<Infer<typeof trialSchema>>>().toEqualTypeOf<Shape<Trial>>();
    expectTypeOf<Shape<Infer<typeof experimentSchema>>>().toEqualTypeOf<Shape<Experiment>>();
    expectTypeOf<Shape<Infer<typeof evaluationSchema>>>().toEqualTypeOf<Shape<Evaluation>>();
    expectTypeOf<Shape<Infer<typeof insightsSchema>>>().toEqualTypeOf<Shape<readonly Insight[]>>();
  });

  test("a shape tells apart what is required and what is not", () => {
    expectTypeOf<Shape<{ readonly a?: string }>>().not.toEqualTypeOf<Shape<{ readonly a: string }>>();
    expectTypeOf<Shape<{ readonly a: string } & { readonly b?: 1 }>>().not.toEqualTypeOf<
      Shape<{ readonly a: string }>
    >();
    expectTypeOf<Shape<{ readonly a: JsonObject }>>().not.toEqualTypeOf<Shape<{ readonly a: JsonValue }>>();
  });
});

describe("the published schemas say of what commands print what the types of that say:", () => {
  test("the lines around a run's own events", () => {
    type Line<T> = Omit<Extract<FrameLine, { readonly type: T }>, "type" | "at" | "seq">;
    expectTypeOf<Shape<Line<"resume.explained">["steps"]>>().toEqualTypeOf<Shape<readonly ExplainedStep[]>>();
    expectTypeOf<Shape<Line<"run.finished">["error"]>>().toEqualTypeOf<Shape<ErrorOutput["error"] | undefined>>();
  });

  test("the other commands", () => {
    type Component = OutputOf<"components-output">[number];
    expectTypeOf<Component["kind"]>().toEqualTypeOf<Kind>();
    expectTypeOf<Component["aliases"]>().toEqualTypeOf<NonNullable<AnyDefinition["aliases"]>>();
  });
});
