import { defineConfig } from "vitest/config";

const shared = { testTimeout: 20_000, hookTimeout: 60_000, env: { NO_COLOR: "1" } };

/** Tests that start real commands wait for them most of the time: one more of them than there are cores. */
const waiting = { maxWorkers: 3, sequence: { groupOrder: 1 } };

const report = process.env.AURA_TEST_REPORT;

export default defineConfig({
  test: {
    ...(report ? { reporters: ["default", "json"], outputFile: { json: report } } : {}),
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          include: ["test/{unit,contract,repo,types}/**/*.test.{ts,tsx}"],
          // No module has state of its own, so files can share what they import.
          isolate: false,
        },
      },
      {
        test: {
          ...shared,
          name: "faults",
          ...waiting,
          include: ["test/faults/**/*.test.ts"],
          testTimeout: process.env.AURA_FAULTS === "full" ? 600_000 : 120_000,
          globalSetup: ["test/support/build-once.ts"],
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          ...waiting,
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          globalSetup: ["test/support/build-once.ts"],
        },
      },
    ],
  },
});
