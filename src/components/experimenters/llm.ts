import { assertOptions } from "../../kernel/given-options.ts";
import { defined } from "../../model/json.ts";
import { LLMExecutor, type LLMExecutorOptions, llmExecutor } from "../executors/llm.ts";
import { ASKING_OPTIONS } from "../prompting/source.ts";
import { type ExperimenterParts, PARTS, SingleTrialExperimenter, shortForm } from "./single-trial.ts";

/**
 * Asks a model for each hypothesis; its reply is the output that an evaluator scores:
 * `new LLMExperimenter({ runner: llm, promptTemplate: "Answer in a {{tone}} tone: …" })`.
 */
export class LLMExperimenter extends SingleTrialExperimenter {
  constructor(options: LLMExecutorOptions & Omit<ExperimenterParts, "executor">) {
    const { executor: _, ...known } = { ...PARTS, ...ASKING_OPTIONS };
    assertOptions("LLMExperimenter", options, known);
    const { runner, promptTemplate, promptName, vars, ...parts } = options;
    super({ ...parts, executor: new LLMExecutor({ runner, promptTemplate, ...defined({ promptName, vars }) }) });
  }
}

export const llmExperimenter = shortForm(llmExecutor);
