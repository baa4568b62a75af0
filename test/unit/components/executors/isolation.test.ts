import { expect, test } from "vitest";
import { BindfsExecutor } from "../../../../src/components/executors/bindfs.ts";
import { BwrapExecutor } from "../../../../src/components/executors/bwrap.ts";
import { CommandExecutor } from "../../../../src/components/executors/command.ts";
import { SlurmExecutor } from "../../../../src/components/executors/slurm.ts";
import { stageContext } from "../../../support/stage-context.ts";

const inBwrap = new BwrapExecutor("true");
const onViews = new BindfsExecutor("true");

test.each([
  ["script", new CommandExecutor("true"), ["inputs-readable"]],
  ["bindfs", onViews, ["inputs-readable"]],
  ["slurm", new SlurmExecutor("true"), ["inputs-readable"]],
  ["slurm with bindfs", new SlurmExecutor("true", { inside: onViews.starter }), ["inputs-readable"]],
  ["slurm with bwrap", new SlurmExecutor("true", { inside: inBwrap.starter }), []],
  ["bwrap", inBwrap, []],
])("%s says whether its trials can read what only the evaluator is to see", (_, executor, codes) => {
  const { settings } = stageContext();
  expect(executor.warnings({ ...settings, hidden: ["/answers.txt"] }).map(({ code }) => code)).toEqual(codes);
  expect(executor.warnings(settings)).toEqual([]);
});
