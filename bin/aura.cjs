#!/usr/bin/env node
"use strict";
// Answers --version before anything is loaded; everything else is in the built bundle.
const args = process.argv.slice(2);
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`${require("../package.json").version}\n`);
} else {
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
