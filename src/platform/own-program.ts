import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The command that runs a program of AURA's own that is beside this file: as built, else its source through tsx. */
export function ownProgram(name: "cluster-child" | "function-child"): readonly [string, ...string[]] {
  for (const place of [`./${name}.js`, `./${name}.cjs`]) {
    const built = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(built)) return [process.execPath, built];
  }
  const register = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
  return [process.execPath, "--import", register, fileURLToPath(new URL(`./${name}.ts`, import.meta.url))];
}
