import { parseHypothesisId } from "../model/ids.ts";

type RetryFailed = boolean | readonly string[];

/**
 * Tells the workspace from the ids of `aura resume --retry-failed [ID…] <workspace>`, which the option, taking as many
 * words as it can get, has taken with it: it is the last word when no other was given and that word is no id.
 */
export function retryPlaces(
  workspace: string | undefined,
  retryFailed: RetryFailed | undefined,
): { readonly workspace: string | undefined; readonly retryFailed: RetryFailed | undefined } {
  if (workspace !== undefined || typeof retryFailed !== "object") return { workspace, retryFailed };
  const last = retryFailed.at(-1);
  if (last === undefined || parseHypothesisId(last) !== null) return { workspace, retryFailed };
  const ids = retryFailed.slice(0, -1);
  return { workspace: last, retryFailed: ids.length === 0 ? true : ids };
}
