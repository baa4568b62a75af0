#!/usr/bin/env node
"use strict";
// Answers --version before anything is loaded; everything else is in the built bundle.
const args = process.argv.slice(2);

function wholeCommandLine() {
  let main;
  try {
    ({ main } = require("../dist/cli/main.cjs"));
  } catch (error) {
    const built = error && error.code !== "MODULE_NOT_FOUND";
    process.stderr.write(
      built ? `${error.stack}\n` : "aura: not built yet; run `npm ci` (or `npm run build`) in its folder\n",
    );
    process.exitCode = 1;
    return;
  }
  main(args).then(endOnceWritten);
}

/** What a user's module left open, such as a timer or a connection, keeps no command going that has answered. */
function endOnceWritten() {
  const hasMore = ({ errored, writableLength }) => !errored && writableLength > 0;
  setTimeout(() => {
    if ([process.stdout, process.stderr].some(hasMore)) endOnceWritten();
    else process.exit();
  }, 250).unref();
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
} else {
  wholeCommandLine();
}
