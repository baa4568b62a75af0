import { join } from "node:path";
import type { Clock, Files } from "../kernel/effects.ts";
import type { TrialPlace } from "../kernel/ports.ts";
import { holdsSecrets } from "../model/tree-path.ts";

/** A look that takes longer, in a project of very many folders, takes at most this part of the time. */
const LONG_LOOK_MS = 100;
const PART_OF_TIME = 1 / 20;
/** Folders in which nobody keeps secrets of a project: by their name, or by what is in them. */
const PASSED_BY: ReadonlySet<string> = new Set([".git", "node_modules", "__pycache__"]);
const OF_PACKAGES: readonly string[] = ["pyvenv.cfg", "conda-meta"];

/** What of a project no sandbox shows: `.env` and its like, also of those made during the run, and workspaces of runs. */
export class ProjectSecrets {
  #found: readonly string[] = [];
  #until = Number.NEGATIVE_INFINITY;

  in(place: Pick<TrialPlace, "root" | "inputs">, { clock, files }: { readonly clock: Clock; readonly files: Files }) {
    const from = clock.monotonic();
    if (from < this.#until) return this.#found;
    this.#found = secretsIn(place, files);
    const now = clock.monotonic();
    const tookMs = now - from;
    this.#until = tookMs > LONG_LOOK_MS ? now + tookMs / PART_OF_TIME : now;
    return this.#found;
  }
}

function secretsIn({ root, inputs }: Pick<TrialPlace, "root" | "inputs">, files: Files): readonly string[] {
  const found: string[] = [];
  /** Whether there is nothing in it but workspaces. */
  const visit = (folder: string, isSecret = false): boolean => {
    const entries = files.list(folder) ?? [];
    const has = (...names: readonly string[]) => names.every((wanted) => entries.some(({ name }) => name === wanted));
    // Some call the venv of a project `.env`, and some have made it in the project's own folder.
    const holdsPackages = folder !== root && OF_PACKAGES.some((name) => has(name));
    if (holdsPackages) {
      found.push(...entries.filter(({ name }) => holdsSecrets(name)).map(({ name }) => join(folder, name)));
      return false;
    }
    const isWorkspace = has("run.json", "iterations");
    if (isSecret || isWorkspace) {
      found.push(folder);
      return isWorkspace;
    }
    const before = found.length;
    let workspaces = 0;
    for (const { name, kind } of entries) {
      const path = join(folder, name);
      if (kind === "directory" && !PASSED_BY.has(name) && !inputs.includes(path)) {
        if (visit(path, holdsSecrets(name))) workspaces += 1;
      } else if (holdsSecrets(name)) found.push(path);
    }
    const isFull = workspaces > 0 && workspaces === entries.length && folder !== root;
    // A mount for each of hundreds of runs takes seconds to make, and of more than bwrap takes words for.
    if (isFull) found.splice(before, Number.POSITIVE_INFINITY, folder);
    return isFull;
  };
  visit(root);
  return found;
}
