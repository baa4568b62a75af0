import { createRegistry, type Registry } from "../kernel/registry.ts";

/** Every component that comes with AURA. */
export const builtins: Registry = createRegistry([]);
