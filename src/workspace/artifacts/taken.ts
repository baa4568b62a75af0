import type { ProjectScope } from "../../model/run.ts";
import { isWithinAny } from "./paths.ts";

/** Whether a path is part of the states of a run. */
export function isTracked(path: string, scope: ProjectScope): boolean {
  return isWithinAny(path, scope.tracked) && !isWithinAny(path, scope.inputs);
}
