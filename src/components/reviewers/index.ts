import type { AnyDefinition } from "../../kernel/define.ts";
import { promptReviewer } from "./prompt.ts";

/** The built-in reviewers. */
export const reviewers: readonly AnyDefinition<"reviewer">[] = [promptReviewer];
