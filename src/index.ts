// Components
export {
  AllTrialsAggregator,
  BestTrialAggregator,
  LastTrialAggregator,
  MeanTrialAggregator,
  MedianTrialAggregator,
  WorstTrialAggregator,
} from "./components/aggregators/index.ts";
export { builtins } from "./components/builtins.ts";
export { JSONFileCollector, LogParserCollector, StdoutCollector } from "./components/collectors/index.ts";
export {
  CondaEnvironment,
  DockerEnvironment,
  type DockerOptions,
  UvEnvironment,
  VenvEnvironment,
} from "./components/environments/index.ts";
export { CommandEvaluator } from "./components/evaluators/command.ts";
export { asEvaluator } from "./components/evaluators/function.ts";
export { MetricEvaluator } from "./components/evaluators/metric.ts";
export { Evaluator } from "./components/evaluators/prompt.ts";
export {
  BindfsExecutor,
  BwrapExecutor,
  type BwrapOptions,
  CommandExecutor,
  defineExecutor,
  type ExecutorDefinition,
  FunctionExecutor,
  ScriptExecutor,
  SlurmExecutor,
  type SlurmOptions,
  startLocally,
} from "./components/executors/index.ts";
export { LLMExecutor, type LLMExecutorOptions } from "./components/executors/llm.ts";
export {
  asExperimenter,
  FunctionExperimenter,
  ScriptExperimenter,
  SingleTrialExperimenter,
} from "./components/experimenters/index.ts";
export { LLMExperimenter } from "./components/experimenters/llm.ts";
export { extractJson } from "./components/extract-json.ts";
export { asResearcher } from "./components/researchers/function.ts";
export { Researcher } from "./components/researchers/prompt.ts";
export { SearchResearcher } from "./components/researchers/search.ts";
export { asReviewer } from "./components/reviewers/function.ts";
export { Reviewer } from "./components/reviewers/prompt.ts";
export { StatsReviewer } from "./components/reviewers/stats.ts";
export { CommandRunner, commandLlm } from "./components/runners/command.ts";
export { asRunner, FunctionRunner, LLMRunner } from "./components/runners/llm.ts";
export { ReplayRunner } from "./components/runners/replay.ts";

// Kernel: ports, contexts, events, errors, definitions
export type {
  AttemptResult,
  CallRequest,
  Calls,
  History,
  HistoryEntry,
  RunContext,
  StageContext,
  StageResults,
  TrialContext,
  TrialRequest,
  Trials,
} from "./kernel/context.ts";
export type { AnyDefinition, ComponentDefinition, ComponentDeps, Kind, KindMap } from "./kernel/define.ts";
export { defineComponent } from "./kernel/define.ts";
export type { Clock, Effects, Rng } from "./kernel/effects.ts";
export {
  AuraError,
  type Diagnostic,
  EXIT,
  isAuraError,
  RunFailedError,
  RunnerError,
  SpecError,
  StorageError,
  ToolMissingError,
  UsageError,
  WorkspaceError,
} from "./kernel/errors.ts";
export type { AuraEvent, AuraEventType, EventSink } from "./kernel/events.ts";
export { StopRequest } from "./kernel/interrupted.ts";
export type {
  Aggregator,
  Collected,
  Collection,
  Collector,
  Command,
  Ended,
  Evaluator as EvaluatorPort,
  ExecutionEnvironment,
  Executor,
  Experimenter as ExperimenterPort,
  Finding,
  Handle,
  Job,
  Judged,
  LlmCall,
  PreparedEnvironment,
  ProbeContext,
  Proposal,
  Proposals,
  RawResult,
  Researcher as ResearcherPort,
  Reviewer as ReviewerPort,
  Runner,
  RunnerContext,
  RunnerReply,
  RunnerRequest,
  Starter,
  TrialPlace,
} from "./kernel/ports.ts";
export { createRegistry, type Registry } from "./kernel/registry.ts";

// Model
export type { CallRecord, Role, Usage } from "./model/call.ts";
export type { Evaluation } from "./model/evaluation.ts";
export type { Experiment } from "./model/experiment.ts";
export type { Edit, Hypothesis } from "./model/hypothesis.ts";
export type { Insight } from "./model/insight.ts";
export type { JsonObject, JsonValue } from "./model/json.ts";
export type { BestSoFar, FinishReason, RunManifest, RunTotals } from "./model/run.ts";
export type { Direction, MetricSettings, RunSettings, StopSettings } from "./model/settings.ts";
export type {
  Failure,
  FinishedTrial,
  Trial,
  TrialOutcome,
  TrialResult,
  TrialStatus,
  TrialStep,
} from "./model/trial.ts";

// The run
export type { InputOption, PipelineOptions } from "./pipeline/options.ts";
export { Pipeline, type RunOptions, type RunResult } from "./pipeline/pipeline.ts";
export { anthropicLlm } from "./platform/llm-anthropic.ts";
export { openaiLlm } from "./platform/llm-openai.ts";
export { systemEffects } from "./platform/system.ts";
export { renderPrompt } from "./platform/template.ts";
export type { ObjectSchema } from "./schema/dialect.ts";
export type { ComponentConfig, Infer } from "./schema/infer.ts";
export { setupLogging } from "./setup-logging.ts";
export { type LoadedSpec, loadSpec } from "./spec/load.ts";
export { type ResolvedRun, resolveSpec } from "./spec/resolve.ts";
export { type ArtifactOptions, DirectoryArtifact, FileArtifact, type TrackedArtifact } from "./workspace/artifact.ts";
export type { ArtifactEntry, ArtifactState } from "./workspace/states/in-memory.ts";
export type { IterationSummary, RunSummary } from "./workspace/views/standing.ts";
export { Workspace } from "./workspace/workspace.ts";
