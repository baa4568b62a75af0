import type { LimitTiers, ProcessLimits, ProcessRunner } from "../../kernel/effects.ts";
import { messageOf } from "../../kernel/errors.ts";
import { type Expectation, inSchema, objectOf, POSITIVE, whole } from "../../kernel/given-options.ts";
import { defined } from "../../model/json.ts";
import { parseDuration, parseSize } from "../../model/units.ts";
import { CommandError, compileCommand, compileText } from "../../platform/command.ts";
import { type ObjectSchema, SIZE, SIZE_LIMIT, TIME_LIMIT } from "../../schema/dialect.ts";
import type { Infer } from "../../schema/infer.ts";
import { environmentOptions, refusedVariable } from "../process-environment.ts";

/** How long a trial may run when nothing says otherwise: one hour. */
export const DEFAULT_TIMEOUT_MS = 3_600_000;

/** Options of every executor that starts processes; spread into its own `properties`. */
export const processOptionProperties = {
  command: {
    anyOf: [
      { type: "string", minLength: 1 },
      { type: "array", items: { type: "string" }, minItems: 1 },
    ],
    "x-command": { shell: "shell", env: "env" },
    description:
      "The command: a string, split into words once by POSIX quoting, or a list of words. `{name}` is filled from the " +
      "hypothesis inside its own word, `{aura.seed}` and others are AURA's. Each parameter is in `$AURA_PARAM_<name>` too.",
  },
  shell: {
    type: "boolean",
    default: false,
    description: 'Run the command as it is by `sh -c`: braces mean nothing in it, a parameter is `"$AURA_PARAM_lr"`.',
  },
  timeout: {
    ...TIME_LIMIT,
    default: "1h",
    "x-scores": false,
    description: "Longest a trial may run; `constraints.time_budget` caps it.",
  },
  env: {
    type: "object",
    additionalProperties: { anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }] },
    propertyNames: {
      pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
      "x-expected": "a letter or `_` first, then letters, digits and `_`",
    },
    description: "Variables of the trial; values take placeholders, as in `{aura.slot}`.",
  },
  pass_env: {
    ...environmentOptions.pass_env,
    description:
      "Names of AURA's own variables that the trial gets too though they may be secrets, as their names say.",
  },
  limits: {
    type: "object",
    properties: {
      memory: {
        ...SIZE_LIMIT,
        description: "Memory of the trial; without control groups, address space of each process.",
      },
      pids: {
        type: "integer",
        minimum: 1,
        description: "Processes at once; without control groups, all of the user's are counted, and for root none.",
      },
      cpu: { ...TIME_LIMIT, description: "CPU time of each process." },
      file_size: { ...SIZE, description: "Size of any file it writes; what a local trial prints goes to one, too." },
      open_files: { type: "integer", minimum: 3, description: "Open files of each process." },
      output: {
        ...SIZE_LIMIT,
        description:
          "Output after which the trial ends as `output-limit`. Without it, logs keep beginning and end of any.",
      },
    },
    additionalProperties: false,
    "x-scores": false,
    description: "What a trial may use.",
  },
  strict_limits: {
    type: "boolean",
    default: false,
    "x-scores": false,
    description: "Refuse to run when a limit cannot be enforced on this machine.",
  },
  on_crash: {
    enum: ["adopt", "end"],
    default: "adopt",
    "x-secret": false,
    "x-scores": false,
    description:
      "What a resume does with a trial that outlived a killed AURA: go on with it, or end it and run it again.",
  },
  cwd: {
    enum: ["root", "copy"],
    default: "root",
    "x-secret": false,
    "x-copy": "copy",
    description: "Where it runs without tracked artifacts: the project, or the trial's own copy of it.",
  },
} as const;

const processOptionsSchema = {
  type: "object",
  properties: processOptionProperties,
  required: ["command"],
  additionalProperties: false,
} as const satisfies ObjectSchema;

/** The options above as they are in a spec, after validation. */
export type ProcessSpecOptions = Infer<typeof processOptionsSchema>;

/** The same for library users: camelCase, milliseconds and bytes. */
export interface ProcessOptions {
  /** Default `false`. */
  readonly shell?: boolean;
  /** Milliseconds; default one hour. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string | number | boolean>>;
  readonly passEnv?: readonly string[];
  readonly limits?: ProcessLimits & { readonly outputBytes?: number };
  readonly strictLimits?: boolean;
  /** Default `adopt`. */
  readonly onCrash?: "adopt" | "end";
  /** Default `root`. */
  readonly cwd?: "root" | "copy";
}

const { command, timeout: _timeout, limits: _limits, ...same } = inSchema(processOptionProperties);

/** What a command may be. */
export const COMMAND: Expectation = command;

/** What each of them may be. */
export const PROCESS_OPTIONS: Readonly<Record<keyof ProcessOptions, Expectation>> = {
  ...same,
  timeoutMs: POSITIVE,
  limits: objectOf({
    memoryBytes: POSITIVE,
    pids: whole(1),
    cpuSeconds: POSITIVE,
    fileSizeBytes: whole(0),
    openFiles: whole(3),
    outputBytes: POSITIVE,
  } satisfies Record<keyof NonNullable<ProcessOptions["limits"]>, Expectation>),
};

/** A spec's process options as the library takes them. */
export function toProcessOptions(options: Omit<ProcessSpecOptions, "command">): ProcessOptions {
  return {
    shell: options.shell,
    timeoutMs: parseDuration(options.timeout),
    strictLimits: options.strict_limits,
    cwd: options.cwd,
    onCrash: options.on_crash,
    ...defined({ env: options.env, passEnv: options.pass_env, limits: options.limits && toLimits(options.limits) }),
  };
}

/** What a schema cannot say about process options: an unusable command, an unknown `{aura.…}`, a refused variable. */
export function checkProcessOptions(
  options: Pick<ProcessSpecOptions, "command" | "shell" | "env" | "pass_env">,
): readonly { readonly path: string; readonly message: string }[] {
  return [
    ...problem("command", () => compileCommand(options.command, { shell: options.shell })),
    ...Object.entries(options.env ?? {}).flatMap(([name, value]) =>
      problem(`env.${name}`, () => {
        const refused = refusedVariable(name);
        if (refused !== null) throw new CommandError(refused);
        compileText(String(value));
      }),
    ),
    ...(options.pass_env ?? []).flatMap((name, index) => {
      const refused = refusedVariable(name);
      return refused === null ? [] : [{ path: `pass_env.${index}`, message: refused }];
    }),
  ];
}

const LIMIT_OPTIONS: Readonly<Record<keyof ProcessLimits, string>> = {
  memoryBytes: "limits.memory",
  pids: "limits.pids",
  cpuSeconds: "limits.cpu",
  fileSizeBytes: "limits.file_size",
  openFiles: "limits.open_files",
};

/** What would hold each limit on this machine, for people. */
export function limitsHeld({ limitTiers }: Pick<ProcessRunner, "limitTiers">): string {
  const tiers = limitTiers({ memoryBytes: 2 ** 30, pids: 256, cpuSeconds: 60, fileSizeBytes: 2 ** 30, openFiles: 256 });
  const each = new Map(Object.entries(tiers));
  return Object.entries(LIMIT_OPTIONS)
    .map(([name, option]) => `${option} by ${each.get(name) ?? "none"}`)
    .join(", ");
}

/** What to say of limits that nothing would hold; `null` when all are held. */
export function limitGap(tiers: LimitTiers): string | null {
  const names = Object.entries(LIMIT_OPTIONS).filter(([name]) => new Map(Object.entries(tiers)).get(name) === "none");
  if (names.length === 0) return null;
  const list = names.map(([, option]) => option).join(" and ");
  const needs =
    "this needs Linux with prlimit (package util-linux), and for processes of root control groups that it may make";
  return `nothing here would hold ${list}: ${needs}; or use a container`;
}

function problem(path: string, check: () => unknown): readonly { readonly path: string; readonly message: string }[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof CommandError) return [{ path, message: messageOf(error) }];
    throw error;
  }
}

function toLimits(limits: NonNullable<ProcessSpecOptions["limits"]>): NonNullable<ProcessOptions["limits"]> {
  const size = (given?: number | string) => (given === undefined ? undefined : parseSize(given));
  return defined({
    outputBytes: size(limits.output),
    memoryBytes: size(limits.memory),
    pids: limits.pids,
    cpuSeconds: limits.cpu === undefined ? undefined : Math.ceil(parseDuration(limits.cpu) / 1000),
    fileSizeBytes: size(limits.file_size),
    openFiles: limits.open_files,
  });
}
