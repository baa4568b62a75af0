import { isAbsolute, normalize } from "node:path";
import type { TrialContext } from "../../kernel/context.ts";
import { defineComponent } from "../../kernel/define.ts";
import { SpecError } from "../../kernel/errors.ts";
import { assertOptions, type InCode, inSchema, required } from "../../kernel/given-options.ts";
import type { Collection, Collector, RawResult } from "../../kernel/ports.ts";
import type { Hypothesis } from "../../model/hypothesis.ts";
import type { ObjectSchema } from "../../schema/dialect.ts";
import { jsonObjectIn, metricMissing, stepsOf } from "../metric-line.ts";

const MOST_BYTES = 1024 * 1024;

const OPTIONS = {
  type: "object",
  properties: {
    path: {
      type: "string",
      minLength: 1,
      "x-secret": false,
      description:
        "Relative to the trial's own folder (`{aura.trial_dir}`), or else to its own copy of the project where it has one.",
    },
  },
  required: ["path"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

export type JSONFileOptions = InCode<typeof OPTIONS.properties, "path">;

/**
 * Reads metrics from a file with one JSON object that the trial wrote: `new JSONFileCollector({ path: "metrics.json" })`.
 * The path is relative to the trial's own folder, or else to its own copy of the project. The file is taken for hostile:
 * no link is followed, nothing but a regular file is opened, and 1 MiB is the most it may have.
 */
export class JSONFileCollector implements Collector {
  readonly #path: string;

  constructor(options: JSONFileOptions) {
    assertOptions("JSONFileCollector", options, { path: required(inSchema(OPTIONS.properties).path) });
    const wrong = wrongPath(options.path);
    if (wrong !== null) throw new SpecError(`JSONFileCollector: path ${wrong}`);
    this.#path = options.path;
  }

  async collect(raw: RawResult, _hypothesis: Hypothesis, ctx: TrialContext): Promise<Collection> {
    if (raw.kind === "failure") return { failure: raw.failure };
    const steps = stepsOf(raw);
    const failed = (message: string): Collection => ({ failure: metricMissing(message, raw), steps });
    const file = this.#file(ctx);
    if (!file.ok) return failed(`${this.#path} ${file.reason}`);
    const text = Buffer.from(file.bytes)
      .toString("utf8")
      .replace(/^\ufeff/, "");
    const output = jsonObjectIn(text);
    return output === null ? failed(`${this.#path} does not hold one JSON object`) : { output, steps };
  }

  #file({ effects: { files }, trialDir, cwd, settings }: TrialContext) {
    const own = files.readUntrusted(trialDir, this.#path, MOST_BYTES);
    if (own.ok || own.reason !== "is not there") return own;
    if (cwd !== settings.root) return files.readUntrusted(cwd, this.#path, MOST_BYTES);
    const reason = `${own.reason} in the trial's folder; have the trial write it to {aura.trial_dir}/${this.#path}`;
    return { ok: false, reason } as const;
  }
}

function wrongPath(path: string): string | null {
  if (isAbsolute(path)) return "has to be relative to the trial's folder";
  if (/[{}]/.test(path)) return "is taken as it is: no placeholder is filled in";
  const clean = normalize(path);
  return clean === ".." || clean.startsWith("../") ? "leads out of the trial's folder" : null;
}

export const jsonFileCollector = defineComponent({
  kind: "collector",
  type: "json-file",
  summary:
    "A JSON object in a file of at most 1 MiB that the trial wrote to its folder. No link is followed, and nothing but a " +
    "regular file is opened.",
  options: OPTIONS,
  example: { path: "metrics.json" },
  create: (options) => new JSONFileCollector(options),
  check: ({ path }) => {
    const message = wrongPath(path);
    return message === null ? [] : [{ path: "path", message }];
  },
});
