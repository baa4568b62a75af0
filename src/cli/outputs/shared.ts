import { diagnosticSchema, ERROR_CODES, EXIT, type FailureCode } from "../../kernel/errors.ts";
import { TEXT } from "../../model/vocabulary.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import type { Infer } from "../../schema/infer.ts";

const FAILURE_CODES = Object.values(EXIT).filter((code): code is FailureCode => code !== EXIT.ok);

/** What is told of an error. */
export const errorSchema = exactly({
  code: described("Which kind of error it is; stable.", { enum: ERROR_CODES }),
  exitCode: described("What the command exits with.", { enum: FAILURE_CODES }),
  message: described("What happened, and to what: the first line of what standard error says.", TEXT),
  details: described(
    "The further lines of it: where it is, and what to do about it. `null` when that is all.",
    nullable(TEXT),
  ),
  file: described("The file or folder that it is about, where there is one.", nullable(TEXT)),
  diagnostics: described("Of a spec, each mistake with its place; empty for other errors.", listOf(diagnosticSchema)),
});

export const errorOutput = described(
  "What a command prints with `--json` instead of its own document when it fails.",
  exactly({ error: errorSchema }),
);
export type ErrorOutput = Infer<typeof errorOutput>;
