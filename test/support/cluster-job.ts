import type { Job } from "../../src/kernel/ports.ts";
import type { TemporaryDirectory } from "../../src/testing/temp-dir.ts";

/** A job for a cluster, whose command is `true`. */
export function trueJob(dir: TemporaryDirectory, more: Partial<Job> = {}): Job {
  return {
    ...{ file: "true", args: [], cwd: dir.path, env: {}, graceMs: 0, timeoutMs: 1000, limits: {}, marker: "m" },
    logs: { stdout: dir.join("out.log"), stderr: dir.join("err.log") },
    place: { root: dir.path, inputs: [], trialDir: dir.path, libraries: [] },
    onLine: () => undefined,
    onStart: () => undefined,
    known: () => undefined,
    running: () => undefined,
    ...more,
  };
}
