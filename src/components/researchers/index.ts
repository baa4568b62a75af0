import type { AnyDefinition } from "../../kernel/define.ts";
import { promptResearcher } from "./prompt.ts";
import { searchResearcher } from "./search.ts";

/** The built-in researchers. */
export const researchers: readonly AnyDefinition<"researcher">[] = [promptResearcher, searchResearcher];
