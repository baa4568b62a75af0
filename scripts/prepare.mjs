// Builds `dist` after an install from the repository, and does nothing when it is current: npm may run this again.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "dist", ".built-from");
const CONFIGURATION = ["package.json", "package-lock.json", "tsdown.config.ts", "tsconfig.json"];

/** Names, sizes and contents of everything the build reads. */
function sourcesHash() {
  const digest = createHash("sha256");
  const visit = (path) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else digest.update(path.slice(root.length)).update(readFileSync(path));
  };
  for (const name of ["src", "scripts/third-party-licenses.ts", "scripts/empty-module.mjs", ...CONFIGURATION]) {
    if (existsSync(join(root, name))) visit(join(root, name));
  }
  return digest.digest("hex");
}

if (existsSync(join(root, "src"))) {
  const hash = sourcesHash();
  const current = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
  if (!current || process.argv.includes("--force")) {
    const tsdown = join(root, "node_modules", "tsdown", "dist", "run.mjs");
    const built = spawnSync(process.execPath, [tsdown, "--logLevel", "warn"], { cwd: root, stdio: ["ignore", 2, 2] });
    if (built.status !== 0) process.exit(built.status ?? 1);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, hash);
  }
}
