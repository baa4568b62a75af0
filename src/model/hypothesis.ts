import { ANY, type RecordSchema } from "../schema/dialect.ts";
import { exactly } from "../schema/exactly.ts";
import type { HypothesisId } from "./ids.ts";
import { type CarriedState, carriedStateSchema } from "./iteration.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { TEXT } from "./vocabulary.ts";

/** One change to a tracked artifact, as proposed. Paths are relative to the project and inside a tracked artifact. */
export type Edit =
  | { readonly path: string; readonly content: string }
  | { readonly path: string; readonly search: string; readonly replace: string }
  | { readonly path: string; readonly delete: true }
  | { readonly diff: string };

/** A proposed configuration: what to try, under an id that AURA gave. A name the proposer gave it is its `label`. */
export interface Hypothesis {
  readonly id: HypothesisId;
  readonly label?: string;
  /** The parameters that fill `{name}` placeholders and reach functions. */
  readonly spec: JsonObject;
  readonly edits?: readonly Edit[];
  readonly rationale?: string;
  readonly metadata?: JsonObject;
  /** The recorded state it starts from, and the hypothesis that made it; absent without tracked artifacts, and for the start. */
  readonly base?: CarriedState;
  /** The hypotheses it was made from. */
  readonly parents?: readonly HypothesisId[];
  /** How it was made from them, as its strategy calls it. */
  readonly operator?: string;
  /** The population it belongs to, where a strategy has several. */
  readonly island?: number;
}

/**
 * What the author of a run says its parameters can be, by name: a number, or one of these values. Any other a model may
 * write as it likes.
 */
export type DeclaredParameters = Readonly<Record<string, "number" | readonly JsonValue[]>>;

/** What parameters are called, as far as the author of a run says. */
export interface ParameterNames {
  readonly names: readonly string[];
  /** No proposal has others. */
  readonly areAll: boolean;
}

const editSchema = {
  anyOf: [
    exactly({ path: TEXT, content: TEXT }),
    exactly({ path: TEXT, search: TEXT, replace: TEXT }),
    exactly({ path: TEXT, delete: { const: true } }),
    exactly({ diff: TEXT }),
  ],
} as const;

export const parametersSchema = {
  type: "object",
  description: "The parameters: open, what they are called is the run's own matter.",
  additionalProperties: ANY,
} as const satisfies RecordSchema;

export const hypothesisSchema = {
  description: "A proposed configuration: iterations/<n>/hypotheses/<id>.json",
  ...exactly(["label", "edits", "rationale", "metadata", "base", "parents", "operator", "island"], {
    id: { type: "string", pattern: "^i[0-9]+-h[0-9]+$" },
    label: TEXT,
    spec: parametersSchema,
    edits: { type: "array", items: editSchema },
    rationale: TEXT,
    metadata: {
      type: "object",
      description: "What the proposer says of it besides: open.",
      additionalProperties: ANY,
    },
    base: carriedStateSchema,
    parents: { type: "array", items: TEXT },
    operator: TEXT,
    island: { type: "integer", minimum: 0 },
  }),
} as const;
