/** Characters a token of English or code has on average; the estimate behind every token budget of a prompt. */
export const CHARACTERS_PER_TOKEN = 4;
