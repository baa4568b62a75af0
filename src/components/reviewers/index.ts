import { type AnyDefinition, defineComponent } from "../../kernel/define.ts";
import type { Finding, Reviewer } from "../../kernel/ports.ts";
import { functionReviewer } from "./function.ts";
import { promptReviewer } from "./prompt.ts";
import { statsReviewer } from "./stats.ts";

/** Finds nothing: for runs whose researcher reads the scores itself. */
export class NoReviewer implements Reviewer {
  async review(): Promise<readonly Finding[]> {
    return [];
  }
}

/** Reviewer `none`. */
const noneReviewer = defineComponent({
  kind: "reviewer",
  type: "none",
  summary: "No insights.",
  options: { type: "object", properties: {}, additionalProperties: false },
  example: {},
  create: () => new NoReviewer(),
});

/** The built-in reviewers. */
export const reviewers: readonly AnyDefinition<"reviewer">[] = [
  functionReviewer,
  noneReviewer,
  promptReviewer,
  statsReviewer,
];
