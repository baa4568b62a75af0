import {
  ERROR_CODES,
  type ErrorCode,
  EXIT,
  isAuraError,
  SpecError,
  StorageError,
  WorkspaceError,
} from "../kernel/errors.ts";
import type { ErrorOutput } from "./outputs/error.ts";
import { errorText, foreseen } from "./report-error.ts";

/** What `--json` tells of an error: the words are those on standard error. */
export function errorDocument(raised: unknown): ErrorOutput {
  const thrown = foreseen(raised);
  const [message = "", ...details] = errorText(thrown).split("\n");
  return {
    error: {
      code: codeOf(thrown),
      exitCode: isAuraError(thrown) ? thrown.exitCode : EXIT.failed,
      message,
      details: details.length === 0 ? null : details.join("\n").trim(),
      file: fileOf(thrown),
      diagnostics: thrown instanceof SpecError ? thrown.diagnostics : [],
    },
  };
}

function codeOf(thrown: unknown): ErrorCode {
  const code = isAuraError(thrown) ? thrown.code : null;
  return ERROR_CODES.find((known) => known === code) ?? "INTERNAL_ERROR";
}

function fileOf(thrown: unknown): string | null {
  if (thrown instanceof StorageError) return thrown.path;
  return thrown instanceof WorkspaceError ? (thrown.file ?? null) : null;
}
