import { defineBare } from "../../kernel/define.ts";
import type { Finding, Reviewer } from "../../kernel/ports.ts";

/** Finds nothing: for runs whose researcher reads the scores itself. */
export class NoReviewer implements Reviewer {
  async review(): Promise<readonly Finding[]> {
    return [];
  }
}

/** Reviewer `none`. */
export const noneReviewer = defineBare("reviewer", "none", "No insights.", () => new NoReviewer());
