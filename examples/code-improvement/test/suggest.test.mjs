// The test suite of src/suggest.cjs. The file under test is run sealed: it can neither see nor touch these tests.
// Usage: node test/suggest.test.mjs
// What fails is said last, in few words, because that is what the next prompt shows.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { freshInput } from "../harness/inputs.mjs";
import { isolated } from "../harness/isolated.mjs";

const LONG = "counterrevolutionaries".repeat(3);
const CASES = [
  { name: "an entry is its own suggestion", words: ["tree"], dictionary: ["free", "tree"], expected: ["tree"] },
  { name: "one letter changed", words: ["trex"], dictionary: ["house", "tree"], expected: ["tree"] },
  { name: "one letter missing", words: ["hose"], dictionary: ["mouses", "house"], expected: ["house"] },
  { name: "one letter too many", words: ["ttree"], dictionary: ["trees", "tree"], expected: ["tree"] },
  { name: "two swapped letters are two changes", words: ["tere"], dictionary: ["tree", "there"], expected: ["there"] },
  { name: "of equals the earlier", words: ["bat"], dictionary: ["cat", "hat", "bar"], expected: ["cat"] },
  { name: "an equal of another length, earlier", words: ["bat"], dictionary: ["bath", "cat"], expected: ["bath"] },
  { name: "no words", words: [], dictionary: ["tree"], expected: [] },
  { name: "a dictionary of one", words: ["zzz", ""], dictionary: ["tree"], expected: ["tree", "tree"] },
  { name: "the empty word", words: [""], dictionary: ["abc", "ab", "xy"], expected: ["ab"] },
  { name: "an empty entry", words: ["a", "abcd"], dictionary: ["abc", ""], expected: ["", "abc"] },
  { name: "capitals are other letters", words: ["TREE"], dictionary: ["tree", "TREX"], expected: ["TREX"] },
  {
    name: "letters beyond ASCII",
    words: ["grün", "日本"],
    dictionary: ["grau", "日木", "grün"],
    expected: ["grün", "日木"],
  },
  { name: "words of 66 letters", words: [`${LONG}x`], dictionary: [LONG.slice(1), `y${LONG}`, LONG], expected: [LONG] },
  { name: "the same word twice", words: ["bat", "bat"], dictionary: ["cat", "bat"], expected: ["bat", "bat"] },
];

/** Put behind the file under test: two calls with the same arguments, and whether these are as they were. */
const TWICE = `;{
  const { suggest: once } = module.exports;
  module.exports.suggest = (words, dictionary) => {
    const before = JSON.stringify([words, dictionary]);
    const results = [once(words, dictionary), once(words, dictionary)];
    return [...results, JSON.stringify([words, dictionary]) === before];
  };
}`;

const file = "src/suggest.cjs";
const source = readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
const random = Array.from({ length: 5 }, freshInput);
const failures = [];

try {
  const cases = CASES.map(({ name, words, dictionary, expected }) => ({ name, input: [words, dictionary], expected }));
  const others = random.map(([words, dictionary]) => ({
    name: "random words, by the definition of the distance",
    input: [words, dictionary],
    expected: words.map((word) => nearest(word, dictionary)),
  }));
  const all = [...cases, ...others];
  const outputs = outputsOf(
    source,
    all.map(({ input }) => input),
  );
  for (const [index, { name, expected }] of all.entries()) compare(name, outputs[index], expected);

  const [[first, second, same]] = outputsOf(`${source}\n${TWICE}`, [random[0]]);
  compare("a call changes no later one", second, first);
  compare("what it is given stays as it was", same, true);
} catch (error) {
  failures.push(`it cannot be run: ${error.message}`);
}

for (const failure of failures) console.error(`FAILED ${failure}`);
if (failures.length === 0) console.log("all tests passed");
process.exitCode = failures.length === 0 ? 0 : 1;

function outputsOf(code, inputs) {
  return isolated({ kind: "call", source: code, name: "suggest", filename: file, inputs });
}

function compare(name, actual, expected) {
  if (isDeepStrictEqual(actual, expected)) return;
  const at = Array.isArray(actual) ? expected.findIndex((value, index) => value !== actual[index]) : -1;
  const [got, wanted] = [actual, expected].map((value) => JSON.stringify(at < 0 ? value : value[at])?.slice(0, 100));
  failures.push(`${name}: ${at < 0 ? "" : `word ${at + 1}: `}got ${got}, not ${wanted}`);
}

function nearest(word, dictionary) {
  let best = { entry: "", changes: Number.POSITIVE_INFINITY };
  for (const entry of dictionary) {
    const changes = distance(word, entry, new Map());
    if (changes < best.changes) best = { entry, changes };
  }
  return best.entry;
}

/** The definition, letter by letter from the end. */
function distance(a, b, known) {
  if (a === "" || b === "") return a.length + b.length;
  const key = a.length * 1000 + b.length;
  if (!known.has(key)) {
    const [shorterA, shorterB] = [a.slice(0, -1), b.slice(0, -1)];
    const substitution = distance(shorterA, shorterB, known) + (a.at(-1) === b.at(-1) ? 0 : 1);
    const others = Math.min(distance(shorterA, b, known), distance(a, shorterB, known)) + 1;
    known.set(key, Math.min(substitution, others));
  }
  return known.get(key);
}
