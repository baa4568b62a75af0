// Everything that has to hold before a change lands, in order; stops at the first thing that does not.
import { execaSync } from "execa";

const steps = [
  ["format and lint", "npx", ["biome", "check", "."]],
  ["unused code", "npx", ["knip"]],
  ["types", "npx", ["tsc", "-p", "tsconfig.json", "--noEmit"]],
  ["build", "node", ["scripts/prepare.mjs"]],
  ["generated files up to date", "npx", ["tsx", "scripts/generate.ts", "--check"]],
  ["tests", "npx", ["vitest", "run"]],
  ["package", "node", ["scripts/check-package.mjs"]],
];

for (const [name, command, args] of steps) {
  console.log(`\n== ${name}`);
  const from = performance.now();
  const done = execaSync(command, args, { stdio: "inherit", reject: false });
  if (done.failed) {
    console.error(`\nverify: ${name} failed (${[command, ...args].join(" ")})`);
    process.exit(1);
  }
  console.log(`== ${name}: ok (${((performance.now() - from) / 1000).toFixed(1)} s)`);
}
console.log("\nverify: all is well");
