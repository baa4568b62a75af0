/**
 * Bytes written for one hypothesis late in a long run, as a ratio to those early in the same run: no file may be written
 * again in proportion to what came before. Counted at the port through which every byte goes. Run with
 * `npx tsx bench/bytes.ts [hypotheses]`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Effects,
  FunctionExperimenter,
  MetricEvaluator,
  Pipeline,
  SearchResearcher,
  StatsReviewer,
  systemEffects,
  Workspace,
} from "../src/index.ts";
import { report } from "./measure.ts";

const HYPOTHESES = Number(process.argv[2] ?? 10_000);
const PER_ITERATION = 10;
const EARLY = 100;
/** Hypotheses that one figure is the mean of. */
const WINDOW = 100;

/** The machine's effects, with a count of the bytes that are written to files. */
function counted(effects: Effects): { readonly effects: Effects; readonly bytes: () => number } {
  const { files } = effects;
  let bytes = 0;
  const count = (data: string | Uint8Array): void => {
    bytes += Buffer.byteLength(data);
  };
  const counting: Effects["files"] = {
    ...files,
    writeAtomic: (path, data, options) => {
      count(data);
      files.writeAtomic(path, data, options);
    },
    createExclusive: (path, data) => {
      count(data);
      return files.createExclusive(path, data);
    },
    append: (path, data) => {
      count(data);
      files.append(path, data);
    },
  };
  return { effects: { ...effects, files: counting }, bytes: () => bytes };
}

const folder = mkdtempSync(join(tmpdir(), "aura-bench-bytes-"));
try {
  const { effects, bytes } = counted(systemEffects());
  const workspace = await Workspace.create(join(folder, "run"), { effects });
  const pipeline = new Pipeline({
    researcher: new SearchResearcher({
      method: "tpe",
      numTasks: PER_ITERATION,
      space: { x: { type: "float", low: 0, high: 1 }, n: { type: "int", low: 1, high: 8 } },
    }),
    experimenter: new FunctionExperimenter(({ x, n }) => ({ score: Number(x) * Number(n) })),
    evaluator: new MetricEvaluator({ metric: "score" }),
    reviewer: new StatsReviewer(),
    workspace,
    maxIterations: HYPOTHESES / PER_ITERATION,
  });
  /** Bytes written by the end of each iteration. */
  const written: number[] = [];
  pipeline.subscribe((event) => {
    if (event.type === "iteration.finished") written.push(bytes());
  });
  await pipeline.run();
  const each = (from: number): number => {
    const [first, last] = [from / PER_ITERATION - 1, (from + WINDOW) / PER_ITERATION - 1];
    return ((written[last] ?? 0) - (written[first] ?? 0)) / WINDOW;
  };
  const early = each(EARLY);
  const late = each(HYPOTHESES - WINDOW);
  console.log(
    `bytes a hypothesis: ${early.toFixed(0)} after ${EARLY}, ${late.toFixed(0)} after ${HYPOTHESES - WINDOW}`,
  );
  const within = report(`bytes a hypothesis at ${HYPOTHESES} / at ${EARLY}`, late / early, {
    atLeast: 0.9,
    atMost: 1.1,
  });
  process.exitCode = within ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
