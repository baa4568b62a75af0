import { defineComponent } from "../../kernel/define.ts";
import { defined } from "../../model/json.ts";
import { ANTHROPIC_OPTIONS, anthropicConnection } from "../../platform/llm-anthropic.ts";
import { checkAddress, ModelRunner, sharedOptions } from "./model.ts";
import { recorded, recordOption } from "./recording.ts";

/** Runner `anthropic`: a model behind the Anthropic Messages API. */
export const anthropicRunner = defineComponent({
  kind: "runner",
  type: "anthropic",
  summary: "Asks a model over the Anthropic Messages API, waiting out a busy or broken provider.",
  options: {
    type: "object",
    properties: { ...ANTHROPIC_OPTIONS, ...recordOption },
    required: ["model"],
    additionalProperties: false,
  },
  example: {
    model: "claude-sonnet-4-20250514",
    api_key_env: "ANTHROPIC_API_KEY",
    max_tokens: 4096,
    timeout: "10m",
    idle_timeout: "2m",
    max_wait: "5m",
    concurrency: 4,
    cache: true,
  },
  check: checkAddress,
  create: (given, deps) => {
    const { thinking, cache } = given;
    const connection = anthropicConnection({ ...sharedOptions(given), ...defined({ thinking, cache }) }, deps.effects);
    return recorded(new ModelRunner(deps.name, given.model, connection), given.record, deps);
  },
});
