import { callSchema } from "../../model/call.ts";
import { evaluationSchema } from "../../model/evaluation.ts";
import { experimentSchema } from "../../model/experiment.ts";
import { hypothesisSchema } from "../../model/hypothesis.ts";
import { insightSchema } from "../../model/insight.ts";
import { iterationSchema } from "../../model/iteration.ts";
import { trialSchema } from "../../model/trial.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import { BYTES } from "../../schema/quantities.ts";
import { CALL_ID, HYPOTHESIS_ID, ITERATION, TEXT, TRIAL_ID } from "./fields.ts";

const logView = exactly({
  path: described("Absolute path of the log.", TEXT),
  bytes: described("Size of the whole log in bytes.", BYTES),
  tail: described("At most its last 4096 bytes, control characters but line ends and tabs removed.", TEXT),
});

const logs = described(
  "One entry an attempt; `null` for a stream that was not written to.",
  listOf(
    exactly({
      trialId: TRIAL_ID,
      attempt: described("1 is the first.", { type: "integer", minimum: 1 }),
      stdout: nullable(logView),
      stderr: nullable(logView),
    }),
  ),
);

export const showOutput = {
  description:
    "What `aura inspect <workspace> show <id> --json` prints: all that is recorded under an id. `kind` says of what it is.",
  anyOf: [
    exactly({
      kind: { const: "iteration" },
      iteration: ITERATION,
      record: nullable(iterationSchema),
      hypotheses: listOf(HYPOTHESIS_ID),
      insights: listOf(insightSchema),
      calls: listOf(CALL_ID),
    }),
    exactly({
      kind: { const: "hypothesis" },
      id: HYPOTHESIS_ID,
      hypothesis: nullable(hypothesisSchema),
      trials: listOf(TRIAL_ID),
      experiment: nullable(experimentSchema),
      evaluation: nullable(evaluationSchema),
      logs,
    }),
    exactly({
      kind: { const: "trial" },
      id: TRIAL_ID,
      trial: trialSchema,
      folders: described("One for each attempt, absolute; it may have been cleared away.", listOf(TEXT)),
      logs,
    }),
    exactly({ kind: { const: "insight" }, id: described("Like i00002-n01.", TEXT), insight: insightSchema }),
    exactly({ kind: { const: "call" }, id: CALL_ID, call: callSchema }),
  ],
} as const;

export const logsOutput = described(
  "What `aura inspect <workspace> logs <id> --json` prints: the logs of a hypothesis, a trial or an attempt.",
  exactly({ logs }),
);
