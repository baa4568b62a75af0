import { EXIT, SpecError } from "../kernel/errors.ts";
import { loadSpec } from "../spec/load.ts";
import { guarded } from "./guarded.ts";
import { ownStdout } from "./own-output.ts";
import { overridesOf } from "./run-flags.ts";
import { showWarnings } from "./show-diagnostics.ts";

/** `aura validate <spec>`: every problem of a spec at once. With `--json`: `{ file, valid, errors, warnings }`. */
export async function validate(
  file: string,
  flags: { readonly json?: boolean; readonly set?: readonly string[] },
): Promise<number> {
  return guarded(async ({ unlessIdle }) => {
    using output = flags.json ? ownStdout((text) => void process.stderr.write(text)) : null;
    const print = (document: object): void => output?.write(`${JSON.stringify(document, null, 2)}\n`);
    try {
      const { values: overrides, problems: overrideProblems } = overridesOf(flags);
      const loaded = await loadSpec(file, { overrides, overrideProblems, unlessIdle });
      if (flags.json) print({ file, valid: true, errors: [], warnings: loaded.warnings });
      else {
        showWarnings(loaded.warnings);
        process.stdout.write(`${file} is valid\n`);
      }
      return EXIT.ok;
    } catch (thrown) {
      if (!flags.json || !(thrown instanceof SpecError)) throw thrown;
      const errors = thrown.diagnostics.length > 0 ? thrown.diagnostics : [{ path: "", message: thrown.message }];
      print({ file, valid: false, errors, warnings: [] });
      return EXIT.usage;
    }
  });
}
