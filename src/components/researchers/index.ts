import type { AnyDefinition } from "../../kernel/define.ts";
import { functionResearcher } from "./function.ts";
import { promptResearcher } from "./prompt.ts";
import { searchResearcher } from "./search.ts";

/** The built-in researchers. */
export const researchers: readonly AnyDefinition<"researcher">[] = [
  functionResearcher,
  promptResearcher,
  searchResearcher,
];
