import { KINDS } from "../../kernel/define.ts";
import { diagnosticSchema } from "../../kernel/errors.ts";
import { applyPlanSchema } from "../../model/apply.ts";
import { rollbackPlanSchema } from "../../model/iteration.ts";
import { repairStepSchema } from "../../model/views.ts";
import { FLAG, SNAPSHOT_ID, TEXT } from "../../model/vocabulary.ts";
import { BYTES, JSON_OBJECT } from "../../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";

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

export const doctorOutput = described(
  "What `aura doctor [spec] --json` prints: what works on this machine of what components need.",
  exactly({
    spec: described("The spec as it was named; `null` when all built-in components were asked.", nullable(TEXT)),
    works: described("Whether nothing is missing.", FLAG),
    checks: listOf(
      exactly({
        what: described("What was asked: `executor bwrap`, or `spec` for all else that a spec needs.", TEXT),
        works: FLAG,
        found: described("What works, such as a version; `null` where something is missing.", nullable(TEXT)),
        problem: described("What is missing, and how that showed; `null` where nothing is.", nullable(TEXT)),
        remedy: described("What to do about it, such as what to install.", nullable(TEXT)),
      }),
    ),
  }),
);

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
export const rollbackOutput = described(
  "What `aura rollback <workspace> --to <state> --json` prints.",
  exactly({ dryRun: DRY_RUN, ...rollbackPlanSchema.properties }),
);

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
  anyOf: [exactly({ dryRun: DRY_RUN, ...applyPlanSchema.properties }), asPatch],
} as const;

export const repairOutput = described(
  "What `aura repair <workspace> --json` prints: what is damaged, and what mending it does.",
  exactly({
    applied: described("Whether `--apply` was given.", FLAG),
    movedTo: described("Absolute path of the folder with what was set aside; `null` when nothing was.", nullable(TEXT)),
    steps: described("Empty when nothing is damaged.", listOf(repairStepSchema)),
  }),
);
