import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { failedOf, failureKind, failureLine } from "../../../src/model/failed.ts";
import type { Failure } from "../../../src/model/trial.ts";

function failureIn(source: string): Failure {
  try {
    execFileSync(process.execPath, ["-e", source], { encoding: "utf8", stdio: "pipe" });
  } catch (thrown) {
    const logTail = thrown instanceof Error && "stderr" in thrown ? String(thrown.stderr) : "";
    return { code: "exit-code", message: "exited with code 1", exitCode: 1, logTail };
  }
  throw new Error("it did not fail");
}

const UNSCORED = { hypothesisId: "i00001-h000", score: null, passed: false, reason: "failed", details: {} };

test("the line of a failed Node program is its error, and two errors are not alike", () => {
  const one = failureIn("const f = (n) => { if (n > 0) f(n - 1); throw new RangeError('lr is too large') }; f(20)");
  const other = failureIn("require('node:fs').readFileSync('/absent')");
  expect(failureLine(one)).toBe("exited with code 1: RangeError: lr is too large");
  expect(failureLine(other)).toContain("exited with code 1: Error: ENOENT: no such file or directory");
  const { logTail = "", ...shown } = failedOf({ failure: one }, UNSCORED);
  expect(logTail.split("\n").length).toBeLessThanOrEqual(10);
  expect(failureLine({ ...shown, logTail })).toBe(failureLine(one));
  expect(failureKind(one)).not.toBe(failureKind(other));
  expect(failureKind(one)).toBe(failureKind(failureIn("throw new RangeError('lr is too large')")));
});

test("failures are alike whatever amounts they name, and whatever was printed where only a score was missing", () => {
  const crashed = (logTail: string): Failure => ({ ...failureIn("process.exit(1)"), logTail });
  expect(failureKind(crashed("ValueError: lr 1e-05 of -3"))).toBe(failureKind(crashed("ValueError: lr 0.25 of 12")));
  const missing = (line: string, logTail: string): string =>
    failureKind({ code: "metric-missing", message: `no metric could be read from its line "${line}": why`, logTail });
  expect(missing("word", "word word")).toBe(missing('a \\"quoted\\" word', "word"));
  const unscored = (value: string): string => failureKind({ code: "no-score", message: `accuracy is ${value}` });
  expect(unscored('"high"')).toBe(unscored('"rather high"'));
  expect(unscored('"high"')).not.toBe(unscored("nothing"));
});
