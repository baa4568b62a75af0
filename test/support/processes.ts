import { readdirSync, readFileSync } from "node:fs";

/** Ids of the processes whose command line (its words apart by NUL) or whose environment is like that. */
export function processesWhere(file: "cmdline" | "environ", holds: (text: string) => boolean): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return holds(readFileSync(`/proc/${pid}/${file}`, "latin1"));
    } catch {
      return false;
    }
  });
}

/** Resolves when a condition holds; rejects when it does not for too long, by default ten seconds. */
export async function until(what: string, holds: () => boolean, seconds = 10): Promise<void> {
  for (const from = performance.now(); !holds(); ) {
    if (performance.now() - from > seconds * 1000) throw new Error(`waited ${seconds} seconds for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
