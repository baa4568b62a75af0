// Compiles what `aura inspect` runs for the Node that runs this, and keeps the code beside it: see bin/aura.cjs.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, "dist", "fast", "inspect.cjs");
const script = new Script(`(function (exports, require) {${readFileSync(file, "utf8")}\n})`, { filename: file });
const made = { exports: {} };
script.runInThisContext()(made.exports, createRequire(file));

// Functions are compiled as they are first called, so those that most looks at a run call are called once.
const workspace = join(root, "test", "unit", "workspace", "fixtures", "format-0");
for (const words of [[workspace], [workspace, "--json"], [workspace, "best", "--json"]])
  made.exports.inspectFast(words);
process.exitCode = 0;

writeFileSync(`${file}.${process.version}-${process.platform}-${process.arch}`, script.createCachedData());
