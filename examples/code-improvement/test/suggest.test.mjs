// The test suite of src/suggest.cjs. The file under test is run sealed: it can neither see nor touch these tests.
// Usage: node test/suggest.test.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
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

const path = fileURLToPath(new URL("../src/suggest.cjs", import.meta.url));
const code = (file) => ({ source: readFileSync(file, "utf8"), name: "suggest", filename: "src/suggest.cjs" });
const random = Array.from({ length: 5 }, freshInput);
const inputs = [...CASES.map(({ words, dictionary }) => [words, dictionary]), ...random];
const outputs = isolated({ kind: "call", ...code(path), inputs });

for (const [index, { name, expected }] of CASES.entries()) {
  test(name, () => assert.deepEqual(outputs[index], expected));
}

test("random words get the suggestions that the definition of the distance gives", () => {
  for (const [index, [words, dictionary]] of random.entries()) {
    const expected = words.map((word) => nearest(word, dictionary));
    assert.deepEqual(outputs[CASES.length + index], expected);
  }
});

test("what it is given stays as it was, and a call changes no later one", () => {
  const twice = `${readFileSync(path, "utf8")};
    const { suggest: once } = module.exports;
    module.exports = { suggest(words, dictionary) {
      const before = JSON.stringify([words, dictionary]);
      const results = [once(words, dictionary), once(words, dictionary)];
      return [...results, JSON.stringify([words, dictionary]) === before];
    } };`;
  const [[first, second, same]] = isolated({ kind: "call", ...code(path), source: twice, inputs: [random[0]] });
  assert.deepEqual(second, first);
  assert.equal(same, true);
});

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
