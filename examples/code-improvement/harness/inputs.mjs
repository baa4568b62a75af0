// Fresh inputs for every measurement. Their seed comes from the system's own randomness: no candidate has seen them before.
import { randomBytes } from "node:crypto";

const WORDS = 24;
const ENTRIES = 240;
const SYLLABLES = [
  "an",
  "be",
  "cor",
  "di",
  "el",
  "fa",
  "gra",
  "ha",
  "in",
  "jo",
  "ka",
  "lu",
  "mi",
  "nor",
  "o",
  "pre",
  "qui",
];
const ENDINGS = ["", "", "s", "ed", "er", "ing", "ly", "ment", "ness", "tion"];
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Words to look up, most of them misspelt entries of the dictionary, and the dictionary, with a few entries twice. */
export function freshInput() {
  const below = randomIntegers();
  const from = (list) => list[below(list.length)];
  const entry = () => {
    let word = "";
    for (let syllables = 1 + below(4); syllables > 0; syllables--) word += from(SYLLABLES);
    return word + from(ENDINGS);
  };
  const dictionary = [];
  for (let i = 0; i < ENTRIES; i++) dictionary.push(i > 0 && below(40) === 0 ? from(dictionary) : entry());
  const words = [];
  for (let i = 0; i < WORDS; i++) words.push(misspelt(below(8) === 0 ? entry() : from(dictionary), below));
  return [words, dictionary];
}

/** The word with up to four letters changed, left out, put in or swapped. */
function misspelt(word, below) {
  let letters = word;
  for (let changes = below(5); changes > 0; changes--) {
    const at = below(letters.length + 1);
    const letter = LETTERS[below(26)];
    const [before, after] = [letters.slice(0, at), letters.slice(at)];
    const kind = below(4);
    if (kind === 0) letters = before + letter + after;
    else if (kind === 1) letters = before + after.slice(1);
    else if (kind === 2) letters = before + letter + after.slice(1);
    else letters = before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2);
  }
  return letters;
}

/** Whole numbers below a bound, from 4 KiB of the system's randomness at a time. */
function randomIntegers() {
  let bytes = randomBytes(4096);
  let at = 0;
  return (bound) => {
    if (at + 4 > bytes.length) {
      bytes = randomBytes(4096);
      at = 0;
    }
    const value = bytes.readUInt32LE(at);
    at += 4;
    return value % bound;
  };
}
