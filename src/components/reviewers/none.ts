import { defineComponent } from "../../kernel/define.ts";
import type { Finding, Reviewer } from "../../kernel/ports.ts";

/** Finds nothing: for runs whose researcher reads the scores itself. */
export class NoReviewer implements Reviewer {
  async review(): Promise<readonly Finding[]> {
    return [];
  }
}

/** Reviewer `none`. */
export const noneReviewer = defineComponent({
  kind: "reviewer",
  type: "none",
  summary: "No insights.",
  options: { type: "object", properties: {}, additionalProperties: false },
  example: {},
  create: () => new NoReviewer(),
});
