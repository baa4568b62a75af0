import { KINDS } from "../../kernel/define.ts";
import { applyStepSchema } from "../../model/apply.ts";
import { parametersSchema } from "../../model/hypothesis.ts";
import { originSchema } from "../../model/run.ts";
import { BYTES, JSON_OBJECT, TOKENS, US_DOLLARS } from "../../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import { START_SCORE } from "../../spec/first-prompt.ts";
import { LEFT_OUT } from "../../workspace/states/index.ts";
import {
  diagnosticSchema,
  FLAG,
  HYPOTHESIS_ID,
  ITERATION,
  SNAPSHOT_ID,
  settingsSchema,
  TEXT,
  WHOLE,
} from "./shared.ts";

const PLACE = described("Where in the spec, as in `--set`.", TEXT);

const cost = described(
  "What model calls will cost, as far as it can be told: a lower bound, as prompts grow while a run goes on.",
  exactly({
    callsPerIteration: described("Model calls of an iteration when none is asked again.", WHOLE),
    promptTokens: described("Tokens of the first prompt, at four characters a token.", nullable(TOKENS)),
    firstCallUsd: described(
      "US dollars for the researcher's first call with the longest reply; `null` without a price.",
      nullable(US_DOLLARS),
    ),
  }),
);

const plannedCommand = exactly(["problem"], {
  path: PLACE,
  template: described("As written in the spec.", { anyOf: [TEXT, listOf(TEXT)] }),
  argv: described("Program and arguments for the sample; `null` where they are not known.", nullable(listOf(TEXT))),
  problem: described("Why the command cannot be shown.", TEXT),
});

/** What a run would do. */
export const planSchema = exactly(["from"], {
  settings: settingsSchema,
  workspace: described("Absolute path of the folder for results.", TEXT),
  workspaceNote: described(
    "`not made`, or what there is in its place and what to do where a run would be refused.",
    TEXT,
  ),
  from: originSchema,
  components: listOf(exactly({ path: PLACE, kind: { enum: KINDS }, type: TEXT, summary: TEXT })),
  hypothesesPerIteration: WHOLE,
  hypotheses: described("Of the whole run; `null` where no limit says.", nullable(WHOLE)),
  trialsPerHypothesis: described("Repeats of the experiment, and checks.", WHOLE),
  atOnce: described("Trials that can run at a time: `parallel`, and no more than an iteration has.", WHOLE),
  prompt: described(
    `The researcher's first prompt as it will be sent, but for the start's score, which ${START_SCORE} stands for; \`null\` when it asks no model, or cannot tell before the run.`,
    nullable(TEXT),
  ),
  copy: described(
    "What each trial's own copy of the project holds; `null` where trials run in the project itself.",
    nullable(
      exactly({
        files: WHOLE,
        bytes: BYTES,
        holds: described("The first of them.", listOf(TEXT)),
        inputs: described("Read-only inputs, linked into it.", listOf(TEXT)),
        missing: described("Files and folders of the project that it does not hold.", WHOLE),
        leftOut: described(
          "The first of them; a folder ends with a slash.",
          listOf(exactly({ path: TEXT, why: { enum: LEFT_OUT } })),
        ),
      }),
    ),
  ),
  cost,
  sample: described(
    "Parameters that the commands are shown with; `null` where they are not known.",
    nullable(parametersSchema),
  ),
  commands: listOf(plannedCommand),
});

const FILE = described("The spec as it was named.", TEXT);
const NONE = { type: "array", items: diagnosticSchema, maxItems: 0 } as const;

export const validateOutput = {
  description: "What `aura validate <spec> --json` prints: every mistake of a spec, in the order of its text.",
  anyOf: [
    exactly({
      file: FILE,
      valid: { const: true },
      errors: NONE,
      warnings: described("What is odd without being wrong.", listOf(diagnosticSchema)),
    }),
    exactly({
      file: FILE,
      valid: { const: false },
      errors: { type: "array", items: diagnosticSchema, minItems: 1 },
      warnings: NONE,
    }),
  ],
} as const;

export const componentsOutput = described(
  "What `aura components [kind [type]] --json` prints: the built-in components.",
  listOf(
    exactly({
      kind: { enum: KINDS },
      type: described("Its name in a spec: `type: <this>`.", TEXT),
      aliases: described("Other names for it.", listOf(TEXT)),
      summary: TEXT,
      options: described("JSON Schema (draft-07) of its options, without `type`: open, as any schema is.", JSON_OBJECT),
      example: described("Valid options: open, each component has its own.", JSON_OBJECT),
    }),
  ),
);

const DRY_RUN = described("Whether this only says what would be done.", FLAG);
const PATH = described("Relative to the folder.", TEXT);
const carried = exactly({ snapshot: SNAPSHOT_ID, hypothesisId: HYPOTHESIS_ID });

export const rollbackOutput = described(
  "What `aura rollback <workspace> --to <state> --json` prints.",
  exactly({
    dryRun: DRY_RUN,
    to: described("The state as it was named: best, start, an iteration or a hypothesis.", TEXT),
    target: described("What is carried on from now on.", carried),
    previous: described("What was carried on before; `null` when nothing was.", nullable(carried)),
    afterIteration: described("The last iteration that had begun.", ITERATION),
    changed: described("Paths that differ between the two, sorted, relative to the project.", listOf(TEXT)),
    isCurrent: described("The target was carried on already: there was nothing to do.", FLAG),
  }),
);

const toFolder = exactly({
  dryRun: DRY_RUN,
  target: described("Absolute path of the folder.", TEXT),
  snapshot: SNAPSHOT_ID,
  steps: described(
    "In the order they are done; empty when the folder is in this state already.",
    listOf(applyStepSchema),
  ),
  conflicts: described(
    "What is in the way. Without `--dry-run` there is any only where `--force` went over it.",
    listOf(
      exactly({
        path: PATH,
        reason: TEXT,
        forceable: described("`--force` goes over it; otherwise it has to be moved away by hand.", FLAG),
      }),
    ),
  ),
  kept: described(
    "What was changed since the start, not by the run: it stays as it is.",
    listOf(exactly({ path: PATH, reason: TEXT })),
  ),
});

const asPatch = exactly({
  dryRun: DRY_RUN,
  snapshot: SNAPSHOT_ID,
  patch: exactly({
    file: described("Absolute path of the patch; `null` with `--patch -`, when it is in `text`.", nullable(TEXT)),
    bytes: described("Size of the patch in bytes; 0 when nothing differs from the start.", BYTES),
    text: described("The patch itself with `--patch -`, as `git apply` takes it; else `null`.", nullable(TEXT)),
  }),
});

export const applyOutput = {
  description:
    "What `aura apply <workspace> [state] --json` prints: what was done to a folder, or with `--patch` where the patch is.",
  anyOf: [toFolder, asPatch],
} as const;

export const repairOutput = described(
  "What `aura repair <workspace> --json` prints: what is damaged, and what mending it does.",
  exactly({
    applied: described("Whether `--apply` was given.", FLAG),
    movedTo: described("Absolute path of the folder with what was set aside; `null` when nothing was.", nullable(TEXT)),
    steps: described(
      "Empty when nothing is damaged.",
      listOf(
        exactly({
          action: described(
            "`set-aside`: a damaged record is moved under repairs/. `remove`: a leftover is deleted. `by-resume`: the next resume mends it. `by-hand`: only you can.",
            { enum: ["set-aside", "remove", "by-resume", "by-hand"] },
          ),
          file: described("Relative to the workspace.", TEXT),
          reason: TEXT,
          consequence: described("What happens next.", TEXT),
        }),
      ),
    ),
  }),
);
