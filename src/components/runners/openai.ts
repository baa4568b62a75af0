import { defineComponent } from "../../kernel/define.ts";
import { OPENAI_OPTIONS, openaiConnection } from "../../platform/llm-openai.ts";
import { checkAddress, ModelRunner, sharedOptions } from "./model.ts";
import { recorded, recordOption } from "./recording.ts";

/** Runner `openai`: a model behind the OpenAI API, or any server that speaks its format. */
export const openaiRunner = defineComponent({
  kind: "runner",
  type: "openai",
  summary:
    "Asks a model of OpenAI or of any server that speaks its Chat Completions format: Ollama, vLLM, llama.cpp, LM Studio.",
  options: {
    type: "object",
    properties: { ...OPENAI_OPTIONS, ...recordOption },
    required: ["model"],
    additionalProperties: false,
  },
  example: {
    model: "qwen3:8b",
    base_url: "http://localhost:11434/v1",
    api_key_env: "OPENAI_API_KEY",
    max_tokens: 4096,
    timeout: "10m",
    idle_timeout: "2m",
    max_wait: "5m",
    concurrency: 4,
  },
  check: checkAddress,
  create: (given, deps) => {
    const connection = openaiConnection(sharedOptions(given), deps.effects);
    return recorded(new ModelRunner(deps.name, given.model, connection), given.record, deps);
  },
});
