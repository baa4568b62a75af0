import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/model/json.ts";
import { runData } from "../../src/testing/run-spec.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { dataSpec } from "../support/data-spec.ts";
import { few } from "../support/thorough.ts";

/** Measures 1, 4 and 1.5, and fails the fourth time; says so in a file, in a log line and as a printed object. */
const TRAIN = [
  "set -- 1 4 1.5",
  'shift "$AURA_TRIAL_INDEX" && test "$#" -gt 0 || exit 3',
  'echo "{\\"loss\\": $1}" | tee "$AURA_TRIAL_DIR/metrics.json"',
  'echo "INFO final loss is $1 (best so far)" >&2',
].join("\n");

const COLLECTORS: readonly JsonObject[] = [
  { type: "stdout" },
  { type: "json-file", path: "metrics.json" },
  { type: "log-parser", patterns: { loss: "final loss is (\\S+)" } },
];

/** The one experiment of a run whose hypothesis is tried four times. */
async function repeated(aggregator: JsonObject, collector: JsonObject, allowFailed = 1) {
  using dir = temporaryDirectory();
  const experimenter = {
    type: "composed",
    executor: { type: "script", command: TRAIN, shell: true },
    collector,
    aggregator,
    trials: 4,
    allow_failed: allowFailed,
  };
  const metric = { name: "loss", direction: "minimize" };
  // Lists of values are no scores by themselves.
  const evaluator = aggregator.type === "all" ? { type: "command", command: "echo score=1" } : { type: "metric" };
  const { workspace } = await runData(dir, dataSpec({ metric, parallel: 4, experimenter, evaluator }, 1));
  const id = "i00001-h000";
  return { experiment: workspace.readExperiment(id), evaluation: workspace.readEvaluation(id) };
}

describe("the trials of an experiment", () => {
  const aggregators = few(
    [
      ["mean", 6.5 / 3],
      ["median", 1.5],
      ["best", 1],
      ["worst", 4],
      ["last", 1.5],
    ],
    2,
  );
  it.each(aggregators)("are scored by their %s, wherever each leaves its metrics", async (type, loss) => {
    for (const collector of COLLECTORS) {
      const { experiment, evaluation } = await repeated({ type }, collector);
      expect(experiment?.summary).toMatchObject({
        loss: expect.closeTo(loss, 12),
        trials: { completed: 3, failed: 1 },
        spread: { loss: { min: 1, max: 4 } },
      });
      expect(evaluation?.score).toBeCloseTo(loss, 12);
    }
  });

  it("are all there with the aggregator `all`", async () => {
    const { experiment } = await repeated({ type: "all" }, { type: "json-file", path: "metrics.json" });
    expect(experiment?.summary).toMatchObject({ trials: { completed: 3, failed: 1 } });
    expect(JSON.stringify(experiment?.summary)).toContain("[1,4,1.5]");
  });

  it("fail it when more of them fail than may", async () => {
    const { experiment, evaluation } = await repeated({ type: "mean" }, { type: "json-file", path: "metrics.json" }, 0);
    expect(experiment).toMatchObject({ status: "failed", summary: null });
    expect(evaluation).toMatchObject({ score: null });
  });
});
