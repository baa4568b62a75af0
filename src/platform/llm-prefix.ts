/** Providers cache nothing shorter than about a thousand tokens. */
const SHORTEST = 4096;
const REMEMBERED = 8;

/**
 * Finds the beginning that the prompts of a runner share, as what a provider is told to cache: a cached beginning is
 * found again only when it ends at the very same place, so one that has been used is used as long as it fits.
 */
export class PromptPrefixes {
  #prompts: readonly string[] = [];
  #used: readonly string[] = [];

  /** The shared beginning of this prompt, whole lines of it; empty when there is none worth caching. */
  of(prompt: string): string {
    const longest = (texts: readonly string[]) => texts.reduce((a, b) => (b.length > a.length ? b : a), "");
    const known = longest(this.#used.filter((prefix) => prompt.startsWith(prefix)));
    const shared = longest(this.#prompts.map((earlier) => sharedLines(earlier, prompt)));
    const isWorthIt = shared.length >= Math.max(SHORTEST, 2 * known.length);
    const prefix = isWorthIt ? shared : known;
    this.#prompts = [...this.#prompts.filter((earlier) => earlier !== prompt), prompt].slice(-REMEMBERED);
    if (isWorthIt) this.#used = [...this.#used, shared].slice(-REMEMBERED);
    return prefix;
  }
}

/** The lines that two texts begin with alike; something is left of each. */
function sharedLines(a: string, b: string): string {
  const most = Math.min(a.length, b.length) - 1;
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return b.slice(0, b.lastIndexOf("\n", at - 1) + 1);
}
