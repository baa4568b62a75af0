import { eventSchema } from "../../kernel/events.ts";
import {
  artifactsOutput,
  bestOutput,
  callsOutput,
  compareOutput,
  diffOutput,
  hypothesesOutput,
  insightsOutput,
  logsOutput,
  showOutput,
  summaryOutput,
} from "../../model/views.ts";
import type { HouseSchema } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";
import {
  applyOutput,
  componentsOutput,
  doctorOutput,
  repairOutput,
  rollbackOutput,
  validateOutput,
} from "./commands.ts";
import { eventsOutput, followOutput, runOutput } from "./events.ts";
import { errorOutput } from "./shared.ts";

/** Schema of everything that a command prints with `--json`, by the name of its schema file. */
export const OUTPUTS = {
  "run-output": runOutput,
  "inspect-summary-output": summaryOutput,
  "inspect-hypotheses-output": hypothesesOutput,
  "inspect-best-output": bestOutput,
  "inspect-show-output": showOutput,
  "inspect-insights-output": insightsOutput,
  "inspect-calls-output": callsOutput,
  "inspect-artifacts-output": artifactsOutput,
  "inspect-diff-output": diffOutput,
  "inspect-logs-output": logsOutput,
  "inspect-events-output": eventsOutput,
  "inspect-follow-output": followOutput,
  "compare-output": compareOutput,
  "rollback-output": rollbackOutput,
  "apply-output": applyOutput,
  "repair-output": repairOutput,
  "validate-output": validateOutput,
  "doctor-output": doctorOutput,
  "components-output": componentsOutput,
  "error-output": errorOutput,
  event: eventSchema,
} as const satisfies Readonly<Record<string, HouseSchema>>;

/** What a command prints, by the name of its schema. */
export type OutputOf<Name extends keyof typeof OUTPUTS> = Infer<(typeof OUTPUTS)[Name]>;
