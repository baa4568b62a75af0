import { join } from "node:path";
import type { Effects } from "../kernel/effects.ts";
import { unlessRefused } from "../kernel/errors.ts";

const NAME = "aura-";

type ScratchEffects = Pick<Effects, "files" | "variables">;

/**
 * A new folder, for its owner only, for what a process is given and gives. Its name holds the process's marker, whose
 * last part is random: should AURA be killed, whoever goes on with the run knows it by that.
 */
export function makeScratch(marker: string, { files, variables }: ScratchEffects): string {
  const folder = join(temporaryFolder(variables), scratchName(marker));
  files.makeDirectory(folder, 0o700);
  return folder;
}

/** Removes the scratch folders of processes whose marker begins with this, as far as they may be removed. */
export function dropScratch(mark: string, { files, variables }: ScratchEffects): void {
  const parent = temporaryFolder(variables);
  const prefix = scratchName(mark);
  // What cannot be found or removed is in nobody's way, and the folder of temporary files is everybody's.
  const found = unlessRefused(() => files.list(parent)) ?? [];
  for (const { name, kind } of found) {
    if (kind === "directory" && name.startsWith(prefix)) unlessRefused(() => files.remove(join(parent, name)));
  }
}

/** Where temporary files belong. */
export function temporaryFolder(variables: Effects["variables"]): string {
  return variables.get("TMPDIR") || "/tmp";
}

function scratchName(marker: string): string {
  return `${NAME}${marker.replaceAll("/", "-")}`;
}
