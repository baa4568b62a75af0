#!/usr/bin/env node
"use strict";
// Answers --version before anything is loaded, and a plain look at a run with as little as that takes; everything else
// is in the built bundle.
const args = process.argv.slice(2);

function inspectFast() {
  try {
    return fastInspect().inspectFast(args.slice(1));
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return false;
    throw error;
  }
}

/** The module, with the code that the build compiled for just this Node where there is some: a tenth of the whole time. */
function fastInspect() {
  const file = require.resolve("../dist/fast/inspect.cjs");
  const cachedData = compiledFor(file);
  if (cachedData === null) return require(file);
  const { Script } = require("node:vm");
  // The same text as in scripts/compile-fast.mjs: what was compiled is of exactly that.
  const text = `(function (exports, require) {${require("node:fs").readFileSync(file, "utf8")}\n})`;
  const made = { exports: {} };
  new Script(text, { filename: file, cachedData }).runInThisContext()(made.exports, require);
  return made.exports;
}

function compiledFor(file) {
  try {
    return require("node:fs").readFileSync(`${file}.${process.version}-${process.platform}-${process.arch}`);
  } catch {
    return null;
  }
}

function wholeCommandLine() {
  import("../dist/cli/main.js").then(
    ({ main }) => main(args),
    (error) => {
      const built = error && error.code !== "ERR_MODULE_NOT_FOUND";
      process.stderr.write(
        built ? `${error.stack}\n` : "aura: not built yet; run `npm ci` (or `npm run build`) in its folder\n",
      );
      process.exitCode = 1;
    },
  );
}

function tellVersion() {
  try {
    require("node:fs").writeSync(1, `${require("../package.json").version}\n`);
  } catch (error) {
    // Whoever closed the pipe knows enough. 6: storage failed.
    if (error.code === "EPIPE") return;
    process.stderr.write(`aura: cannot write to standard output: ${error.message}\n`);
    process.exitCode = 6;
  }
}

if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  tellVersion();
} else if (args[0] !== "inspect" || !inspectFast()) {
  wholeCommandLine();
}
