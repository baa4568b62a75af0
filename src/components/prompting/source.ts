import type { ComponentDeps } from "../../kernel/define.ts";
import { messageOf, RunFailedError, SpecError } from "../../kernel/errors.ts";
import type { Role } from "../../model/call.ts";
import type { RefSchema } from "../../schema/dialect.ts";

/** The option that names the runner a component asks. */
export const runnerOption: RefSchema = {
  $ref: "#/$defs/runner",
  description: "The runner that is asked: a name from `runners`, or one inline.",
};

/** The options by which a component is given its prompt. */
export const promptOptions = {
  prompt: { type: "string", minLength: 1, description: "The prompt, a Handlebars template." },
  prompt_file: {
    type: "string",
    minLength: 1,
    "x-path": "file",
    description: "File that holds the prompt, relative to the spec.",
  },
} as const;

interface PromptGiven {
  readonly prompt?: string;
  readonly prompt_file?: string;
}

/** What is wrong with the prompt options together. */
export function promptProblems(given: PromptGiven): readonly { readonly path: string; readonly message: string }[] {
  if (given.prompt === undefined || given.prompt_file === undefined) return [];
  return [{ path: "prompt_file", message: "give either prompt or prompt_file, not both" }];
}

/** The prompt that options ask for, read from its file where they name one. Throws `SpecError` when there is no such file. */
export function promptSource(
  options: PromptGiven,
  deps: Pick<ComponentDeps, "effects" | "resolvePath">,
): { readonly promptTemplate?: string; readonly promptName?: string } {
  if (options.prompt !== undefined) return { promptTemplate: options.prompt };
  if (options.prompt_file === undefined) return {};
  const source = deps.effects.files.readText(deps.resolvePath(options.prompt_file));
  if (source === null) {
    throw new SpecError(`prompt_file: there is no file ${options.prompt_file}; its path is relative to the spec`);
  }
  return { promptTemplate: source, promptName: options.prompt_file };
}

/** Builds what asks with the prompt of these options. What is wrong with the prompt is told of the option that gives it. */
export function builtWithPrompt<T>({ prompt, prompt_file: file }: PromptGiven, build: () => T): T {
  try {
    return build();
  } catch (thrown) {
    const inText = thrown instanceof SpecError ? thrown.diagnostics.filter(({ line }) => line !== undefined) : [];
    if (inText.length === 0 || (prompt ?? file) === undefined) throw thrown;
    const option = file === undefined ? { path: "prompt" } : { path: "prompt_file", file };
    const diagnostics = inText.map((problem) => ({ ...problem, ...option }));
    throw new SpecError(messageOf(thrown), diagnostics, { cause: thrown });
  }
}

/**
 * Renders a prompt in the middle of a run. What only shows with the values of then ends the run as failed, to be
 * resumed, and not as a wrong spec: that would say that nothing was written.
 */
export function renderedInRun(role: Role, render: () => string): string {
  try {
    return render();
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    const message = `the prompt of the ${role} cannot be made: ${messageOf(thrown)}\nmend the prompt, and resume the run`;
    throw new RunFailedError(message, { cause: thrown });
  }
}
