import { resolve } from "node:path";
import { ownProgram as fromSource } from "../../src/platform/own-program.ts";

/** AURA's own programs as tests start them: as built, if this run of the tests has built them, which is far quicker. */
export const ownProgram: typeof fromSource = (name) =>
  process.env.AURA_TEST_BUILT === "1" ? [process.execPath, resolve(`dist/lib/${name}.js`)] : fromSource(name);
