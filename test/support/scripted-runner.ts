import type { CallRequest, Calls } from "../../src/kernel/context.ts";
import type { Runner, RunnerContext, RunnerReply, RunnerRequest } from "../../src/kernel/ports.ts";
import { defined } from "../../src/model/json.ts";

/** Calls that go straight to the runner, and every one that was asked. */
export function directCalls(iteration = 1): Calls & { readonly asked: CallRequest[] } {
  const asked: CallRequest[] = [];
  return {
    asked,
    ask(request) {
      asked.push(request);
      const { runner, role, prompt, ask, task, output, trajectory } = request;
      return runner.run(
        { prompt, role, iteration, ask, cwd: "/", ...defined({ task, output, trajectory }) },
        runnerContext(),
      );
    },
  };
}

/** A runner that gives these replies in turn and fails when there are no more. */
export function scriptedRunner(...replies: readonly (string | RunnerReply)[]): Runner & { readonly prompts: string[] } {
  const prompts: string[] = [];
  return {
    name: "scripted",
    prompts,
    async run({ prompt }) {
      const reply = replies[prompts.length];
      prompts.push(prompt);
      if (reply === undefined) throw new Error("asked once too often");
      return typeof reply === "string" ? { content: reply } : reply;
    },
  };
}

export function runnerContext(
  signal: AbortSignal = new AbortController().signal,
): RunnerContext & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { signal, warnings, warn: (code, message) => warnings.push(`${code}: ${message}`) };
}

export function runnerRequest(prompt: string, rest: Partial<RunnerRequest> = {}): RunnerRequest {
  return { prompt, role: "researcher", iteration: 1, ask: 1, cwd: "/", ...rest };
}
