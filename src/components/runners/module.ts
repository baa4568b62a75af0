import { type ComponentDeps, defineComponent } from "../../kernel/define.ts";
import { RunnerError } from "../../kernel/errors.ts";
import type { Runner } from "../../kernel/ports.ts";
import { defined } from "../../model/json.ts";
import { parseDuration } from "../../model/units.ts";
import { runModuleFunction } from "../../platform/function-host.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";
import { promptLine } from "../../text/printable.ts";
import { functionOptions, moduleFailure } from "../executors/index.ts";
import { environmentOptions, runnerEnvironment } from "../process-environment.ts";
import { asReply } from "./llm.ts";
import { recorded, recordOption } from "./recording.ts";

const options = {
  ...functionOptions,
  properties: {
    ...functionOptions.properties,
    timeout: { ...functionOptions.properties.timeout, default: "10m" },
    ...environmentOptions,
    ...recordOption,
  },
} as const satisfies ObjectSchema;

/** Answers prompts with an exported function of a user's module, in a process of its own, where it can be ended. */
function moduleRunner(given: Infer<typeof options>, { name, effects, resolvePath }: ComponentDeps): Runner {
  return {
    name,
    run: async (request, ctx) => {
      ctx.signal.throwIfAborted();
      const { prompt, role, iteration, hypothesisId, part, ask, task, output, trajectory } = request;
      const env = runnerEnvironment(request, {
        variables: effects.variables,
        env: given.env,
        passEnv: given.pass_env,
      });
      const result = await runModuleFunction(
        {
          module: resolvePath(given.module),
          export: given.export,
          args: [prompt],
          context: { role, iteration, ask, ...defined({ hypothesisId, part, task, output, trajectory }) },
          cwd: request.cwd,
          env,
          timeoutMs: parseDuration(given.timeout),
          marker: ctx.marker ?? `call/${effects.token(8)}`,
          ...defined({ onStart: ctx.started }),
        },
        effects,
        ctx.signal,
      );
      ctx.signal.throwIfAborted();
      if (result.kind === "value") return asReply(name, result.value);
      const { message, logTail = "" } = moduleFailure(result);
      const said =
        result.kind === "threw" || logTail.trim() === "" ? "" : `: ${promptLine(logTail.slice(-1000), 1000)}`;
      throw new RunnerError("failed", `${name}: ${given.export}: ${promptLine(message, 1000)}${said}`);
    },
  };
}

/** Runner `function`: a user's own function in place of a model. */
export const functionRunner = defineComponent({
  kind: "runner",
  type: "function",
  summary: "Asks an exported function of a module of yours, in a process of its own: (prompt, ctx) => text.",
  options,
  example: { module: "./my-model.ts", export: "answer", timeout: "10m" },
  create: (given, deps) => recorded(moduleRunner(given, deps), given.record, deps),
});
