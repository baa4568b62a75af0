// Right for most words: takes an entry that is a letter away at most, else the first of the same length and beginning.
function suggest(words, dictionary) {
  const known = new Set(dictionary);
  return words.map((word) => {
    if (known.has(word)) return word;
    for (const entry of dictionary) if (isNear(word, entry)) return entry;
    return dictionary.find((entry) => entry.length === word.length && entry[0] === word[0]) ?? dictionary[0];
  });
}

function isNear(a, b) {
  if (Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return [
    a.slice(at + 1) === b.slice(at),
    a.slice(at) === b.slice(at + 1),
    a.slice(at + 1) === b.slice(at + 1),
  ].includes(true);
}

module.exports = { suggest };
