import type { RunContext, StageContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { messageOf, SpecError } from "../../kernel/errors.ts";
import { assertOptions, type InCode, inSchema, objectOf } from "../../kernel/given-options.ts";
import type { Proposals, Researcher as ResearcherPort } from "../../kernel/ports.ts";
import type { DeclaredParameters, ParameterNames } from "../../model/hypothesis.ts";
import { defined, isJsonObject, type JsonObject, type JsonValue } from "../../model/json.ts";
import { SINGLE } from "../../platform/template-check.ts";
import { JSON_OBJECT, type ObjectSchema } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";
import { compileUserSchema } from "../../schema/validate.ts";
import { promptLine, shown } from "../../text/printable.ts";
import { askUntilUsable, inReplies } from "../prompting/ask.ts";
import {
  ASKING_OPTIONS,
  type AskingOptions,
  AskingStage,
  builtWithPrompt,
  promptOptions,
  promptProblems,
  renderedInRun,
  runnerOption,
} from "../prompting/source.ts";
import { promptVariables } from "../prompting/variables.ts";
import { declaredParameters, parameterNames } from "../space/schema.ts";
import { checkSpace, compileSpace, type Space, spaceSchema } from "../space/space.ts";
import { defaultResearchPrompt, type Edits } from "./default-prompt.ts";
import { Gathering } from "./gathering.ts";
import { NOTHING_TO_EDIT, proposeInPlace, requireHands } from "./in-place.ts";
import { type ParsedProposals, type ProposalRules, parseProposals } from "./proposals.ts";
import type { OnlyFile } from "./whole-file.ts";

/** Characters of a reply of no use that a message quotes. */
const MAX_QUOTED = 150;

const OPTIONS = {
  type: "object",
  properties: {
    runner: runnerOption,
    num_tasks: { type: "integer", minimum: 1, maximum: 200, default: 3, description: "Hypotheses per iteration." },
    ...promptOptions,
    space: spaceSchema,
    hypothesis_schema: {
      ...JSON_OBJECT,
      "x-secret": false,
      "x-space": "schema",
      description: "A JSON Schema that the spec of every hypothesis has to fit.",
    },
    edits: {
      enum: ["reply", "in_place", "none"],
      default: "reply",
      "x-artifacts": "in_place",
      description:
        "How proposals edit the tracked artifacts. `reply`: the reply holds edits; " +
        "what does not apply is asked for again, twice at most, and then refused. `in_place`: the runner, such as an " +
        "agent CLI, is called once for each proposal in its own copy of the project, and what it changed is the edit; " +
        "`{{task}}` in the prompt says which it is, as `1 of 3`. `none`: proposals with edits are refused.",
    },
  },
  required: ["runner"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

type Own = Omit<InCode<typeof OPTIONS.properties>, "runner" | "prompt" | "promptFile">;

export interface ResearcherOptions extends AskingOptions, Own {}

/**
 * Proposes hypotheses by asking a model. Override `hypothesize` for another way, or `read` to make sense of replies of
 * another form. Throws `SpecError` when the prompt, the space or the schema is not usable.
 */
export class Researcher extends AskingStage implements ResearcherPort {
  readonly numTasks: number;
  readonly space: Space | null;
  readonly declared: DeclaredParameters;
  readonly parameters: ParameterNames;
  readonly #edits: Edits;
  readonly #schema: JsonObject | undefined;
  readonly #schemaCheck: ((value: JsonValue) => readonly string[]) | undefined;

  constructor(options: ResearcherOptions) {
    const { prompt: _prompt, promptFile: _file, ...same } = inSchema(OPTIONS.properties);
    assertOptions("Researcher", options, { ...same, ...ASKING_OPTIONS, space: objectOf() });
    const { edits = "reply" } = options;
    const own = { hypothesis_schema: SINGLE, ...(edits === "in_place" ? { task: SINGLE } : {}) };
    super("researcher", options, defaultResearchPrompt(edits), own);
    this.#edits = edits;
    if (edits === "in_place") requireHands(this.runner);
    this.numTasks = options.numTasks ?? 3;
    this.space = options.space === undefined ? null : compileSpace(options.space);
    this.declared = declaredParameters(this.space?.toJson(), options.hypothesisSchema);
    this.parameters = parameterNames(this.space?.toJson(), options.hypothesisSchema);
    this.#schema = options.hypothesisSchema;
    this.#schemaCheck = options.hypothesisSchema === undefined ? undefined : schemaCheck(options.hypothesisSchema);
  }

  override async setup(ctx: RunContext): Promise<void> {
    if (this.#edits === "in_place" && ctx.settings.artifacts.length === 0) {
      throw new SpecError(NOTHING_TO_EDIT);
    }
    await super.setup(ctx);
  }

  callsFor(hypotheses: number): number {
    return this.#edits === "in_place" ? hypotheses : 1;
  }

  async hypothesize(ctx: StageContext & { readonly count: number }): Promise<Proposals> {
    if (this.#edits === "in_place") {
      const prompt = (place: number): string => renderedInRun("researcher", () => this.prompt(ctx, place));
      return proposeInPlace(ctx, { runner: this.runner, count: ctx.count, prompt, rules: this.#rules(ctx) });
    }
    const gathering = new Gathering(ctx);
    const reading = await askUntilUsable(ctx, {
      runner: this.runner,
      role: "researcher",
      prompt: renderedInRun("researcher", () => this.prompt(ctx)),
      expected: expectedOf(this.#rules(ctx)),
      read: (reply) => gathering.take(this.read(reply, ctx)),
      unusable: (reason) => gathering.take({ ok: false, reason, refused: [] }),
    });
    const result = gathering.result();
    if (reading.ok || result.proposals.length > 0) return result;
    const said = reading.said.trim();
    const replies = `${inReplies(reading.asks)}${said === "" ? "" : `, ${shown(said, MAX_QUOTED)}`}`;
    const message = `${this.runner.name} gave no usable proposal in ${replies}: ${reading.reason}`;
    return { ...result, failure: { code: "unusable-reply", message } };
  }

  /** The prompt of this iteration, as it is sent first. In place each proposal has its own; `place` counts from 0. */
  prompt(ctx: StageContext & { readonly count: number }, place = 0): string {
    const space = this.space ?? undefined;
    const known = { role: "researcher", numTasks: ctx.count, space, vars: this.vars } as const;
    const own = { hypothesis_schema: () => (this.#schema === undefined ? "" : JSON.stringify(this.#schema)) };
    if (this.#edits !== "in_place") return this.template.render(promptVariables(ctx, { ...known, own }));
    const task = `${place + 1} of ${ctx.count}`;
    const prompt = this.template.render(promptVariables(ctx, { ...known, own: { ...own, task: () => task } }));
    // The same words each time would ask for the same edits.
    return this.template.variables.includes("task") ? prompt : `${prompt}\n\nThis is proposal ${task} of this batch.`;
  }

  /** The proposals in a reply: its text or, where the runner has it, its data. */
  protected read(reply: string | JsonValue, ctx: StageContext): ParsedProposals {
    return parseProposals(reply, this.#rules(ctx));
  }

  #rules(ctx: StageContext): ProposalRules {
    return {
      space: this.space ?? undefined,
      hypothesisSchemaCheck: this.#schemaCheck,
      allowEdits: this.#edits === "reply" && ctx.artifacts !== undefined,
      allowBase: ctx.artifacts !== undefined,
      onlyFile: this.space || this.#schema ? undefined : () => onlyFile(ctx),
    };
  }
}

/** The tracked file as the proposals find it, where it is one that can be read. */
function onlyFile({ artifacts }: StageContext): OnlyFile | undefined {
  const [file, ...others] = artifacts?.files(artifacts.base) ?? [];
  if (!file || others.length > 0 || file.content === null) return undefined;
  return { path: file.path, content: file.content };
}

function expectedOf({ allowEdits, onlyFile }: ProposalRules): string {
  const file = allowEdits ? onlyFile?.() : undefined;
  const list = "a JSON list of objects, one for each proposal,";
  return file ? `${list} or the whole of a new ${promptLine(file.path, 200)} in one fenced block` : list;
}

const example: Infer<typeof OPTIONS> = {
  runner: "main",
  num_tasks: 3,
  edits: "reply",
  space: { lr: { type: "float", low: 1e-5, high: 0.1, log: true } },
};

/** Researcher `prompt`: asks a model for proposals. */
export const promptResearcher = defineComponent({
  kind: "researcher",
  type: "prompt",
  summary: "Asks a model for the next hypotheses, with goal, space, history and insights in the prompt.",
  options: OPTIONS,
  example,
  check: (given) => [
    ...promptProblems(given),
    ...(given.space === undefined ? [] : checkSpace(given.space)),
    ...schemaProblems(given.hypothesis_schema),
  ],
  create: (given, deps) =>
    builtWithPrompt(given, deps, (asking) => {
      const { space, hypothesis_schema: hypothesisSchema } = given;
      return new Researcher({
        ...asking,
        numTasks: given.num_tasks,
        edits: given.edits,
        ...defined({ space, hypothesisSchema }),
      });
    }),
});

function schemaProblems(schema: JsonValue | undefined): readonly { readonly path: string; readonly message: string }[] {
  if (!isJsonObject(schema)) return [];
  try {
    compileUserSchema(schema);
    return [];
  } catch (thrown) {
    return [{ path: "hypothesis_schema", message: messageOf(thrown) }];
  }
}

function schemaCheck(schema: JsonObject): (value: JsonValue) => readonly string[] {
  try {
    return compileUserSchema(schema);
  } catch (thrown) {
    throw new SpecError(`hypothesisSchema: ${messageOf(thrown)}`, [], { cause: thrown });
  }
}
