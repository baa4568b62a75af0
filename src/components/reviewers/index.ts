import type { AnyDefinition } from "../../kernel/define.ts";
import { functionReviewer } from "./function.ts";
import { noneReviewer } from "./none.ts";
import { promptReviewer } from "./prompt.ts";
import { statsReviewer } from "./stats.ts";

/** The built-in reviewers. */
export const reviewers: readonly AnyDefinition<"reviewer">[] = [
  functionReviewer,
  noneReviewer,
  promptReviewer,
  statsReviewer,
];
