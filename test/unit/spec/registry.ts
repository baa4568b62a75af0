import { defineComponent, type Kind, type KindMap } from "../../../src/kernel/define.ts";
import { createRegistry, type Registry } from "../../../src/kernel/registry.ts";
import { isJsonObject } from "../../../src/model/json.ts";
import { ANY, DURATION, JSON_OBJECT, type ObjectSchema } from "../../../src/schema/dialect.ts";
import type { ComponentConfig } from "../../../src/schema/infer.ts";

/** A built component of the fixture registry remembers what it was built from. */
export interface Built {
  readonly kind: Kind;
  readonly name: string;
  readonly options: unknown;
  readonly parts: Readonly<Record<string, unknown>>;
}

const COMMAND = {
  anyOf: [
    { type: "string", minLength: 1 },
    { type: "array", items: { type: "string" }, minItems: 1 },
  ],
  "x-command": { shell: "shell", env: "env" },
} as const;

const PARAMETER = {
  anyOf: [
    {
      type: "object",
      properties: {
        type: { enum: ["float", "int"] },
        low: { type: "number" },
        high: { type: "number" },
        log: { type: "boolean" },
        when: JSON_OBJECT,
      },
      required: ["type", "low", "high"],
      additionalProperties: false,
    },
    {
      type: "object",
      properties: {
        type: { const: "categorical" },
        choices: { type: "array", items: ANY, minItems: 1 },
        when: JSON_OBJECT,
      },
      required: ["type", "choices"],
      additionalProperties: false,
    },
  ],
} as const;

const SPACE = { type: "object", additionalProperties: PARAMETER, "x-space": true, "x-secret": false } as const;
const TIMEOUT = { ...DURATION, "x-scores": false } as const;

const RUNNER = { $ref: "#/$defs/runner" } as const;

/** Options by kind and type: enough of the real shapes to exercise every path of loading. */
const OPTIONS = {
  researcher: {
    prompt: {
      runner: RUNNER,
      num_tasks: { type: "integer", minimum: 1, default: 3 },
      prompt: { type: "string" },
      prompt_file: { type: "string", "x-path": "file" },
      space: SPACE,
      vars: JSON_OBJECT,
    },
    search: {
      method: { enum: ["random", "grid", "tpe"], default: "random" },
      num_tasks: { type: "integer", minimum: 1, default: 1 },
      space: SPACE,
    },
  },
  experimenter: {
    composed: {
      environment: { $ref: "#/$defs/environment" },
      executor: { $ref: "#/$defs/executor" },
      collector: { $ref: "#/$defs/collector" },
      trials: { type: "integer", minimum: 1, default: 1 },
    },
    script: { command: COMMAND, timeout: TIMEOUT, env: { type: "object", additionalProperties: { type: "string" } } },
  },
  environment: { none: {} },
  executor: {
    script: {
      command: COMMAND,
      shell: { type: "boolean", default: false },
      timeout: TIMEOUT,
      env: { type: "object", additionalProperties: { type: "string" } },
    },
  },
  collector: { stdout: {}, "json-file": { path: { type: "string", default: "metrics.json" } } },
  aggregator: { mean: {} },
  evaluator: { metric: { metric: { type: "string" } }, prompt: { runner: RUNNER, prompt: { type: "string" } } },
  reviewer: { none: {}, prompt: { runner: RUNNER } },
  runner: {
    anthropic: {
      model: { type: "string", minLength: 1, "x-secret": false },
      max_tokens: { type: "integer", minimum: 1, default: 4096 },
      timeout: TIMEOUT,
      price: { type: "number", "x-cost": true },
    },
    replay: { file: { type: "string", "x-path": "file" }, strict: { type: "boolean", default: false } },
  },
} as const satisfies Record<Kind, Record<string, ObjectSchema["properties"]>>;

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  "researcher prompt": ["runner"],
  "researcher search": ["space"],
  "experimenter composed": ["executor"],
  "experimenter script": ["command"],
  "executor script": ["command"],
  "runner anthropic": ["model"],
  "runner replay": ["file"],
};

function define(kind: Kind, type: string, properties: ObjectSchema["properties"]) {
  return defineComponent<Kind, ObjectSchema>({
    kind,
    type,
    ...(type === "composed" ? { aliases: ["single-trial"] } : {}),
    summary: `The ${type} ${kind}.`,
    options: { type: "object", properties, required: REQUIRED[`${kind} ${type}`] ?? [], additionalProperties: false },
    example: {},
    ...(type === "search"
      ? {
          check: (options: { readonly space?: Readonly<Record<string, { low?: number; high?: number }>> }) =>
            Object.entries(options.space ?? {}).flatMap(([name, { low = 0, high = 1 }]) =>
              low > high ? [{ path: `space.${name}.high`, message: `has to be at least low, ${low}` }] : [],
            ),
        }
      : {}),
    create: (options, deps): KindMap[Kind] => {
      const parts = Object.fromEntries(
        Object.entries(properties).flatMap(([key, schema]) => {
          const config: unknown = Reflect.get(options, key);
          if (!("$ref" in schema) || !isConfig(config)) return [];
          const target = schema.$ref.replace("#/$defs/", "");
          return [[key, deps.build(kindNamed(target), config)]];
        }),
      );
      return { kind, name: deps.name, options, parts } as never;
    },
  });
}

function isConfig(value: unknown): value is ComponentConfig {
  return typeof value === "string" || (isJsonObject(value) && typeof value.type === "string");
}

function kindNamed(name: string): Kind {
  return name as Kind;
}

/** Small stand-ins for the built-in components, independent of how those change. */
export const fixtures: Registry = createRegistry(
  Object.entries(OPTIONS).flatMap(([kind, types]) =>
    Object.entries(types).map(([type, properties]) => define(kindNamed(kind), type, properties)),
  ),
);

/** A small spec that is valid under `fixtures`. */
export const VALID = `version: 1
name: digits
goal: Raise the accuracy.
metric: { name: accuracy, baseline: 0.5 }
runners:
  main: { type: anthropic, model: claude }
researcher:
  type: search
  method: random
  space:
    lr: { type: float, low: 1e-5, high: 0.1, log: true }
    opt: { type: categorical, choices: [adam, sgd] }
experimenter:
  type: composed
  executor:
    type: script
    command: python train.py --lr {lr} --opt {opt}
    timeout: 5m
`;
