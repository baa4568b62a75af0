import { defineComponent } from "../../kernel/define.ts";
import type { ExecutionEnvironment, PreparedEnvironment } from "../../kernel/ports.ts";

/** Commands run with the programs and libraries that are on PATH. */
export class NoEnvironment implements ExecutionEnvironment {
  async prepare(): Promise<PreparedEnvironment> {
    return { wrap: (command) => command };
  }
}

export const noEnvironment = defineComponent({
  kind: "environment",
  type: "none",
  summary: "Commands run with the programs that are on PATH.",
  options: { type: "object", properties: {}, additionalProperties: false },
  example: {},
  create: () => new NoEnvironment(),
});
