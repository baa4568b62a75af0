import type { Observer } from "../workspace/inspection.ts";
import { inspectBest, inspectCalls, inspectHypotheses, inspectInsights, inspectSummary } from "../workspace/queries.ts";
import { inspectEvents, inspectLogs, inspectShow } from "../workspace/query-details.ts";
import type { OutputOf } from "./outputs/index.ts";

/** A view of a run: how many ids it takes, and what it answers as one JSON document. */
export interface View<Document = object> {
  readonly ids: number;
  document(root: string, observer: Observer, ids: readonly string[]): Document;
}

type ViewName = "summary" | "hypotheses" | "best" | "show" | "insights" | "calls" | "logs" | "events";

const views: { readonly [Name in ViewName]: View<OutputOf<`inspect-${Name}-output`>> } = {
  summary: { ids: 0, document: inspectSummary },
  hypotheses: { ids: 0, document: (root, observer) => ({ hypotheses: inspectHypotheses(root, observer) }) },
  best: { ids: 0, document: (root, observer) => ({ best: inspectBest(root, observer) }) },
  show: { ids: 1, document: (root, observer, [id = ""]) => inspectShow(root, id, observer) },
  insights: { ids: 0, document: (root, observer) => ({ insights: inspectInsights(root, observer) }) },
  calls: { ids: 0, document: (root, observer) => ({ calls: inspectCalls(root, observer) }) },
  logs: { ids: 1, document: (root, observer, [id = ""]) => ({ logs: inspectLogs(root, id, observer) }) },
  events: { ids: 0, document: (root, observer) => ({ events: inspectEvents(root, observer) }) },
};

/** The views that only read records. */
export const VIEWS: Readonly<Record<string, View>> = views;
