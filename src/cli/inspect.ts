import { resolve } from "node:path";
import { UsageError } from "../kernel/errors.ts";
import { localObserver } from "../platform/observer.ts";
import { nearest } from "../text/nearest.ts";
import { inspectEvents, inspectLogs } from "../workspace/views/details.ts";
import {
  type Chosen,
  inspectCalls,
  inspectHypotheses,
  inspectInsights,
  inspectSummary,
  type Observer,
} from "../workspace/views/queries.ts";
import { type Answer, guarded } from "./output.ts";
import type { OutputOf } from "./outputs/index.ts";

/** A view of a run: how many ids it takes, and what it answers as one JSON document. */
export interface View<Document = object> {
  readonly ids: number;
  document(root: string, observer: Observer, ids: readonly string[], flags: InspectFlags): Document | Promise<Document>;
}

type ViewName = "summary" | "hypotheses" | "best" | "show" | "insights" | "calls" | "logs" | "events";

/** The views that only read records. */
const VIEWS: { readonly [Name in ViewName]: View<OutputOf<`inspect-${Name}-output`>> } = {
  summary: { ids: 0, document: inspectSummary },
  hypotheses: {
    ids: 0,
    document: (root, observer, _, flags) => ({ hypotheses: inspectHypotheses(root, observer, flags) }),
  },
  best: { ids: 0, document: async (root, observer) => (await import("./inspect-run.ts")).bestInFull(root, observer) },
  show: {
    ids: 1,
    document: async (root, observer, [id = ""]) => (await import("./inspect-run.ts")).inFull(root, id, observer),
  },
  insights: { ids: 0, document: (root, observer) => ({ insights: inspectInsights(root, observer) }) },
  calls: { ids: 0, document: inspectCalls },
  logs: { ids: 1, document: (root, observer, [id = ""]) => inspectLogs(root, id, observer) },
  events: { ids: 0, document: (root, observer) => ({ events: inspectEvents(root, observer) }) },
};

interface InspectFlags extends Chosen {
  readonly json?: boolean;
  readonly follow?: boolean;
}

const VIEW_NAMES = [...Object.keys(VIEWS), "artifacts", "diff"];

/** `aura inspect <workspace> [view] [id]`: reads records, takes no lock, writes nothing. */
export async function inspect(
  place: string,
  view: string,
  ids: readonly string[],
  flags: InspectFlags,
): Promise<number> {
  return guarded<object>(flags, async () => {
    if (view === "artifacts" || view === "diff") return inspectStates(view, resolve(place), ids);
    if (!isView(view)) throw unknownView(view);
    const chosen: View = VIEWS[view];
    if (ids.length !== chosen.ids) {
      throw new UsageError(
        chosen.ids === 0 ? `inspect ${view} takes no id` : `inspect ${view} takes an id, like i00001-h000`,
      );
    }
    const root = resolve(place);
    const observer = localObserver();
    if (view !== "hypotheses" && (flags.sort !== undefined || flags.top !== undefined))
      throw new UsageError("--sort and --top go with hypotheses");
    if (flags.follow) return follow(view, root, observer, flags);
    return {
      document: () => chosen.document(root, observer, ids, flags),
      text: async () => {
        const { textOf } = await import("./inspect-views.ts");
        const text = textOf(view, root, observer, ids[0] ?? "", process.stdout.columns, flags);
        if (view !== "best" && view !== "show") return text;
        const { howItRanText } = await import("./inspect-run.ts");
        return `${text}${await howItRanText(root, view === "show" ? ids[0] : undefined, observer)}`;
      },
    };
  });
}

/** Shows a view, then every event as it comes, until the run ends. */
async function follow(view: string, root: string, observer: Observer, flags: InspectFlags): Promise<number> {
  if (view !== "summary" && view !== "events") throw new UsageError("--follow goes with summary or events");
  const { followRun } = await import("./follow.ts");
  return followRun(view, root, observer, flags.json === true);
}

/** The views that read states; their modules are loaded for them alone. */
async function inspectStates(
  view: "artifacts" | "diff",
  root: string,
  ids: readonly string[],
): Promise<Answer<OutputOf<"inspect-artifacts-output" | "inspect-diff-output">>> {
  const { artifactsText, artifactsView, diffView } = await import("./inspect-states.ts");
  const [from, to] = ids;
  if (view === "diff" && (from === undefined || to === undefined || ids.length !== 2)) {
    throw new UsageError(
      "inspect diff takes two states: best, start, the number of an iteration or the id of a hypothesis",
    );
  }
  const { systemEffects } = await import("../platform/system.ts");
  const effects = systemEffects();
  if (view === "artifacts") {
    const document = await artifactsView(root, effects);
    return { document: () => document, text: () => artifactsText(document) };
  }
  const document = await diffView(root, from ?? "", to ?? "", effects);
  return { document: () => document, text: () => document.diff };
}

function isView(view: string): view is ViewName {
  return Object.hasOwn(VIEWS, view);
}

function unknownView(view: string): UsageError {
  const near = nearest(view, VIEW_NAMES);
  return new UsageError(
    `there is no view "${view}"; ${near ? `did you mean "${near}"?` : `views: ${VIEW_NAMES.join(", ")}`}`,
  );
}
