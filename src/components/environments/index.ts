import type { AnyDefinition } from "../../kernel/define.ts";
import { noEnvironment } from "./none.ts";

export { NoEnvironment } from "./none.ts";

/** The environments that come with AURA. */
export const environments: readonly AnyDefinition<"environment">[] = [noEnvironment];
