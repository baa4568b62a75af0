import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const shared = {
  testTimeout: 20_000,
  hookTimeout: 60_000,
  env: { NO_COLOR: "1", GITHUB_ACTIONS: "" },
  // No module has state of its own, so files can share what they import.
  isolate: false,
  alias: [{ find: /^(\.|(\.\.\/)+platform)\/own-program\.ts$/, replacement: resolve("test/support/own-program.ts") }],
};

/** Of a project, files that take long for their size come first: none of them is to be left alone at the end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => /\/test\/(contract|repo)\//.test(moduleId);
    return sorted.sort((a, b) => a.project.name.localeCompare(b.project.name) || Number(isLong(b)) - Number(isLong(a)));
  }
}

const isFull = process.env.AURA_FAULTS === "full";
const report = process.env.AURA_TEST_REPORT;

export default defineConfig({
  test: {
    // A short run waits more than it works.
    maxWorkers: isFull ? 2 : 3,
    sequence: { sequencer: LongFirst },
    ...(report ? { reporters: ["default", "json"], outputFile: { json: report } } : {}),
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: ["test/{unit,contract,repo,types}/**/*.test.{ts,tsx}"],
        },
      },
      {
        test: {
          ...shared,
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          testTimeout: isFull ? 600_000 : 120_000,
          globalSetup: ["test/support/build-once.ts"],
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          globalSetup: ["test/support/build-once.ts"],
        },
      },
    ],
  },
});
