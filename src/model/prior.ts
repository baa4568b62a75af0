import { exactly } from "../schema/exactly.ts";
import type { Infer } from "../schema/infer.ts";
import { promptLine } from "../text/printable.ts";
import { parametersSchema } from "./hypothesis.ts";
import { insightsSchema } from "./insight.ts";
import { FLAG, TEXT } from "./vocabulary.ts";

const priorEntrySchema = exactly(["label", "state", "diff"], {
  id: { type: "string", description: "Its id in that run." },
  label: TEXT,
  spec: parametersSchema,
  score: { anyOf: [{ type: "number" }, { type: "null" }] },
  passed: FLAG,
  reason: { type: "string", description: "Why there is no score; empty when there is one." },
  hasEdits: { ...FLAG, description: "It brought a state of the artifacts of its own." },
  state: { type: "string", description: "Of the best few: prior/snapshots/<state>.json." },
  diff: {
    type: "string",
    description: "Of the best few: what it is different in from the state that this run starts from.",
  },
});
/** A finished hypothesis of an earlier run. */
export type PriorEntry = Infer<typeof priorEntrySchema>;

const priorRunSchema = exactly({
  name: { type: "string", description: "Name of its workspace's folder." },
  runId: TEXT,
  metric: exactly({ name: TEXT, direction: { enum: ["maximize", "minimize"] } }),
  sameScoring: {
    type: "boolean",
    description: "Nothing that scores depend on was another: they can be compared with those of this run.",
  },
  entries: { type: "array", items: priorEntrySchema },
  insights: { ...insightsSchema, description: "What was learnt there, the latest of it." },
});
/** What came of an earlier run, from which this one, or one before it, was started. */
export type PriorRun = Infer<typeof priorRunSchema>;

/** What an insight or a hypothesis of an earlier run is called in this one. */
export function priorName({ name }: Pick<PriorRun, "name">, id: string): string {
  return `${promptLine(name, 80)}/${id}`;
}

/** The runs without the insights that were replaced or taken back since, by these names. */
export function standingPrior(prior: readonly PriorRun[], withdrawn: ReadonlySet<string>): readonly PriorRun[] {
  return prior.map((run) => {
    const insights = run.insights.filter(({ id }) => !withdrawn.has(priorName(run, id)));
    return { ...run, insights };
  });
}

export const priorSchema = {
  type: "array",
  description:
    "What is known from earlier runs (`run --from`), the latest run first: prior/runs.json. It never counts.",
  items: priorRunSchema,
} as const;
