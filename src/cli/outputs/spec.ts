import { KINDS } from "../../kernel/define.ts";
import { JSON_OBJECT } from "../../schema/dialect.ts";
import { described, exactly, listOf } from "../../schema/exactly.ts";
import { diagnosticSchema } from "./error.ts";
import { TEXT } from "./fields.ts";

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
