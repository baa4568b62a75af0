import { expect, test } from "vitest";
import {
  AuraError,
  RunnerError,
  SpecError,
  StorageError,
  ToolMissingError,
  WorkspaceError,
} from "../../../src/kernel/errors.ts";
import { StopRequest } from "../../../src/kernel/interrupted.ts";

/** As the library of a user's own module throws it, and the command catches. */
function ofAnotherCopy(code: string): object {
  return Object.assign(new Error("x"), { code, [Symbol.for("aura-research/error")]: true });
}

test("an error of another copy of the package is known by its class, and is of no other", () => {
  const classes = { SpecError, WorkspaceError, ToolMissingError, StorageError, RunnerError };
  const known = (code: string) =>
    Object.entries(classes).flatMap(([name, type]) => (ofAnotherCopy(code) instanceof type ? [name] : []));
  expect(known("SPEC_INVALID")).toEqual(["SpecError"]);
  expect(known("WORKSPACE_LOCKED")).toEqual(["WorkspaceError"]);
  expect(known("TOOL_MISSING")).toEqual(["ToolMissingError"]);
  expect(known("STORAGE_FAILED")).toEqual(["StorageError"]);
  expect(known("RUNNER_BUDGET")).toEqual(["RunnerError"]);
  expect(ofAnotherCopy("USAGE_INVALID") instanceof AuraError).toBe(true);
  expect(new Error("x") instanceof AuraError).toBe(false);
  expect(new Error("x") instanceof StorageError).toBe(false);
  class Own extends SpecError {}
  expect(ofAnotherCopy("SPEC_INVALID") instanceof Own).toBe(false);
  expect(new Own("x") instanceof Own).toBe(true);
});

test("so is a request to stop", () => {
  expect(Object.assign(new Error("x"), { [Symbol.for("aura-research/stop")]: true }) instanceof StopRequest).toBe(true);
  expect(new StopRequest(75) instanceof StopRequest).toBe(true);
  expect(new Error("stopped") instanceof StopRequest).toBe(false);
});
