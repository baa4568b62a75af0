// A realm of its own for code that is not trusted: its own globals, no way to the disk, the clock of the harness, the
// output or other code, and nothing but text goes in or out. It is no security boundary (see the README).
import vm from "node:vm";

// Inside a context every use of a global asks the embedder. Handed over as parameters they are as fast as elsewhere.
const GLOBALS = vm
  .runInNewContext("Object.getOwnPropertyNames(globalThis).join()")
  .split(",")
  .filter((name) => !["globalThis", "undefined", "eval", "console"].includes(name) && name in globalThis);

/** Loads a function and calls it, text to text; it keeps its own hold on what it needs of the realm. */
const TRAMPOLINE = `(function () {
  "use strict";
  const { parse, stringify } = JSON;
  const { apply } = Reflect;
  const text = String;
  return {
    __proto__: null,
    load(factory, name) {
      const module = { exports: {} };
      apply(factory, undefined, [module, module.exports]);
      const target = module.exports[name];
      if (typeof target !== "function") throw "it exports no function " + name;
      return (input) => stringify(apply(target, undefined, parse(input)));
    },
    describe: (thrown) => text(thrown),
  };
})()`;

/** What sealed code did wrong: it did not load, threw, or gave something that is no JSON. */
export class SealedError extends Error {}

/**
 * The function `name` that the source of a CommonJS file exports, from the JSON of its arguments to the JSON of its
 * result. Throws `SealedError`, as does the function.
 */
export function seal(source, name, filename) {
  const context = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  const inside = new vm.Script(TRAMPOLINE, { filename: "trampoline" }).runInContext(context);
  const { load, describe } = inside;
  const globals = GLOBALS.join(", ");
  const call = guarded(describe, () => {
    const wrapped = `(function (${globals}) { return function (module, exports) {\n${source}\n}; })(${globals})`;
    return load(new vm.Script(wrapped, { filename, lineOffset: -1 }).runInContext(context), name);
  });
  return (input) => {
    const result = guarded(describe, () => call(input));
    if (typeof result !== "string") throw new SealedError("the result is no JSON");
    return result;
  };
}

function guarded(describe, action) {
  try {
    return action();
  } catch (thrown) {
    let words = "";
    try {
      words = describe(thrown);
    } catch {}
    throw new SealedError(typeof words === "string" && words !== "" ? plain(words) : "it threw");
  }
}

/** Somebody else's words, short and without control characters. */
function plain(words) {
  return words.slice(0, 500).replace(/\p{C}/gu, " ");
}

/**
 * Freezes the language's own objects in the realm of the caller: whoever gets hold of one of them can change nothing
 * that the harness uses.
 */
export function freezeRealm() {
  const seen = new Set();
  const freeze = (value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    freeze(Object.getPrototypeOf(value));
    for (const property of Object.values(Object.getOwnPropertyDescriptors(value))) {
      for (const part of [property.value, property.get, property.set]) freeze(part);
    }
    Object.freeze(value);
  };
  for (const name of GLOBALS) freeze(globalThis[name]);
  const hidden = [
    function* () {},
    async function* () {},
    async () => {},
    [].values(),
    "".matchAll(/x/g),
    new Map().keys(),
  ];
  for (const value of [...hidden, new Set().keys(), ""[Symbol.iterator]()]) freeze(Object.getPrototypeOf(value));
}
