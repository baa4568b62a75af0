import { ANY } from "../schema/dialect.ts";
import type { JsonObject } from "./json.ts";

export const environmentSchema = {
  description: "What trials ran in, as attempts name it: environments/<name>.json. Open: each type has its own.",
  type: "object",
  properties: { type: { type: "string", description: "Type of the environment." } },
  required: ["type"],
  additionalProperties: ANY,
} as const;
/** What an environment was, such as its interpreter and the versions of its packages: open, each has its own. */
export type EnvironmentRecord = JsonObject & { readonly type: string };
