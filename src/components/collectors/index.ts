import type { AnyDefinition } from "../../kernel/define.ts";
import { stdoutCollector } from "./stdout.ts";

export { StdoutCollector } from "./stdout.ts";

/** The collectors that come with AURA. */
export const collectors: readonly AnyDefinition<"collector">[] = [stdoutCollector];
