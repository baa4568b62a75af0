import type { StageContext } from "../../kernel/context.ts";
import type { InCode } from "../../kernel/given-options.ts";
import { defined } from "../../model/json.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";
import { counted } from "../../text/numbers.ts";

/** Options about repeats, shared by all experimenters that run trials. */
export const repeatOptionProperties = {
  trials: {
    type: "integer",
    minimum: 1,
    maximum: 1000,
    description: "Repeats of each hypothesis. Default: as many as `seeds`, else 1.",
  },
  seeds: {
    anyOf: [
      { type: "array", items: { type: "integer", minimum: 0, maximum: 2147483647 }, minItems: 1 },
      { const: "derived" },
    ],
    "x-secret": false,
    description: "Seeds of the repeats. Default `derived`: from the run's seed and the repeat's number.",
  },
  allow_failed: {
    type: "integer",
    minimum: 0,
    default: 0,
    description: "Failed trials an experiment may have and still complete.",
  },
  capture: {
    type: "boolean",
    default: false,
    "x-artifacts": true,
    description: "Keep what each trial left under the tracked artifacts; the first repeat's is carried on.",
  },
  cases: {
    type: "string",
    minLength: 1,
    "x-path": "file",
    description:
      "A file of JSON lines: each hypothesis runs once for each row (times `trials`), with its fields as `{case.x}` in a " +
      "command and `{{case.x}}` in a prompt. No researcher and no reviewer sees them.",
  },
  exclusive: {
    type: "boolean",
    default: false,
    "x-scores": false,
    description: "Run each trial while no other trial, check or evaluator command of the run does; later ones wait.",
  },
  gpus: {
    type: "integer",
    minimum: 1,
    "x-scores": false,
    description:
      "Devices that each trial gets for itself, of those in `CUDA_VISIBLE_DEVICES`, else of all that `nvidia-smi` lists.",
  },
} as const;

const repeatSchema = {
  type: "object",
  properties: repeatOptionProperties,
  additionalProperties: false,
} as const satisfies ObjectSchema;

export type RepeatOptions = Infer<typeof repeatSchema>;

/** How often an experimenter runs a hypothesis, as the library takes it. */
export interface RepeatParts extends Omit<InCode<typeof repeatOptionProperties>, "seeds"> {
  readonly seeds?: readonly number[];
}

/** A spec's options about repeats as the library takes them. */
export function toRepeatParts(options: RepeatOptions): RepeatParts {
  const seeds = listedSeeds(options);
  return {
    allowFailed: options.allow_failed,
    capture: options.capture,
    exclusive: options.exclusive,
    ...defined({ gpus: options.gpus }),
    ...(seeds ? { seeds } : {}),
    ...(options.trials === undefined ? {} : { trials: options.trials }),
    ...(options.cases === undefined ? {} : { cases: options.cases }),
  };
}

/** What a schema cannot say about repeats: that each has a seed, and each seed one, and that some trial has to complete. */
export function checkRepeats(options: RepeatOptions): readonly { readonly path: string; readonly message: string }[] {
  const seeds = listedSeeds(options);
  const trials = options.trials ?? seeds?.length ?? 1;
  const allFail = options.cases === undefined && options.allow_failed >= trials;
  return [
    ...(seeds !== null && seeds.length !== trials
      ? [{ path: "seeds", message: notOneEach(seeds.length, trials) }]
      : []),
    ...(allFail ? [{ path: "allow_failed", message: `has to be less than the number of trials, ${trials}` }] : []),
  ];
}

function notOneEach(seeds: number, trials: number): string {
  if (seeds < trials) return `has ${seeds} of the ${trials} seeds that the trials need`;
  return `has ${seeds} seeds for ${counted(trials, "trial")}: leave \`trials\` out for one of each seed`;
}

function listedSeeds(options: RepeatOptions): readonly number[] | null {
  return Array.isArray(options.seeds) ? options.seeds : null;
}

/** Seeds fit in 31 bits, so that every language's generators take them. */
const SEEDS = 2 ** 31;

/** The seed of repeat `index`: the one that was listed, else one that depends on the run's seed and the index only. */
export function repeatSeed(
  ctx: Pick<StageContext, "effects" | "settings">,
  index: number,
  listed?: readonly number[],
): number {
  return listed?.[index] ?? ctx.effects.rng(ctx.settings.seed).fork(`repeat-${index}`).int(SEEDS);
}

/** The seed of a check, different from those of repeats. */
export function checkSeed(ctx: Pick<StageContext, "effects" | "settings">, index: number): number {
  return ctx.effects.rng(ctx.settings.seed).fork(`check-${index}`).int(SEEDS);
}
