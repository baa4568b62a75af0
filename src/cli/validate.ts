import { NEVER } from "../kernel/effects.ts";
import { type Diagnostic, EXIT, SpecError } from "../kernel/errors.ts";
import { loadSpec } from "../spec/load.ts";
import { overridesOf } from "../spec/overrides.ts";
import { resolveSpec, trialWarnings } from "../spec/resolve.ts";
import { Workspace } from "../workspace/workspace.ts";
import { showWarnings } from "./errors.ts";
import { assertModule, isLoopModule, loopOf, moduleWorkspace, refuseSpecOptions } from "./loop-module.ts";
import { type Answer, guarded, jobOfCommand, ownStdout } from "./output.ts";
import type { OutputOf } from "./outputs/index.ts";

interface ValidateFlags {
  readonly json?: boolean;
  readonly set?: readonly string[];
}

/** `aura validate <spec>`: every problem of a spec at once, or the first of a module whose pipeline is made. A spec with mistakes is an answer of its own in JSON. */
export async function validate(file: string, flags: ValidateFlags): Promise<number> {
  return guarded(flags, async (): Promise<Answer<OutputOf<"validate-output">>> => {
    using job = await jobOfCommand();
    using _ = flags.json ? ownStdout((text) => void process.stderr.write(text)) : null;
    try {
      const warnings = isLoopModule(file) ? await checkModule(file, flags) : await checkSpec(file, flags);
      job?.annotate("warning", warnings);
      return {
        document: () => ({ file, valid: true, errors: [], warnings }),
        text: () => {
          showWarnings(warnings);
          return `${file} is valid\n`;
        },
      };
    } catch (thrown) {
      if (!(thrown instanceof SpecError)) throw thrown;
      const errors = mistakesOf(thrown);
      job?.annotate("error", errors);
      if (!flags.json) throw thrown;
      return {
        document: () => ({ file, valid: false, errors, warnings: [] }),
        text: () => "",
        exitCode: EXIT.usage,
      };
    }
  });
}

async function checkSpec(file: string, flags: ValidateFlags): Promise<readonly Diagnostic[]> {
  const loaded = await loadSpec(file, overridesOf(flags));
  return [...loaded.warnings, ...trialWarnings(await resolveSpec(loaded, { probe: false }))];
}

/** Makes the pipeline of a module, for a workspace that nothing is written to. */
async function checkModule(file: string, flags: ValidateFlags): Promise<readonly Diagnostic[]> {
  refuseSpecOptions(file, flags);
  const workspace = await Workspace.create(moduleWorkspace(file), { ifExists: "next", module: file });
  assertModule(file, workspace.effects.files);
  await loopOf(file, workspace, NEVER);
  return [];
}

function mistakesOf({ diagnostics, message }: SpecError): readonly Diagnostic[] {
  return diagnostics.length > 0 ? diagnostics : [{ path: "", message }];
}
