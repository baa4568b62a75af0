import type { AnyDefinition } from "../../kernel/define.ts";
import { anthropicRunner } from "./anthropic.ts";
import { commandRunner } from "./command.ts";
import { functionRunner } from "./module.ts";
import { replayRunner } from "./replay.ts";

/** The built-in runners. */
export const runners: readonly AnyDefinition<"runner">[] = [
  anthropicRunner,
  commandRunner,
  functionRunner,
  replayRunner,
];
