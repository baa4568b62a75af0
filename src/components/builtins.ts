import { createRegistry, type Registry } from "../kernel/registry.ts";
import { aggregators } from "./aggregators/index.ts";
import { collectors } from "./collectors/index.ts";
import { environments } from "./environments/index.ts";
import { evaluators } from "./evaluators/index.ts";
import { executors } from "./executors/index.ts";
import { experimenters } from "./experimenters/index.ts";
import { researchers } from "./researchers/index.ts";
import { reviewers } from "./reviewers/index.ts";
import { runners } from "./runners/index.ts";

/** Every component that comes with AURA. */
export const builtins: Registry = createRegistry([
  ...researchers,
  ...experimenters,
  ...environments,
  ...executors,
  ...collectors,
  ...aggregators,
  ...evaluators,
  ...reviewers,
  ...runners,
]);
