import type { AnyDefinition, ToolProbe } from "../kernel/define.ts";
import type { Effects, EnvironmentVariables } from "../kernel/effects.ts";
import { ToolMissingError } from "../kernel/errors.ts";

const PROBE_TIMEOUT_MS = 20_000;
const GRACE_MS = 500;
const OUTPUT_LIMIT = 1024 * 1024;
const PASSED = ["PATH", "HOME", "USER", "LANG", "TMPDIR"] as const;

/** How a program that components need answered. */
interface ProbeResult {
  readonly tool: string;
  readonly ok: boolean;
  /** First line of what it printed, such as its version, or why it does not work. */
  readonly message: string;
  readonly hint: string;
}

/** Runs the probe of every program that these components need, each once. Throws `ToolMissingError` for the first that fails. */
export async function probeTools(
  definitions: readonly Pick<AnyDefinition, "requires">[],
  cwd: string,
  effects: Effects,
  signal: AbortSignal,
): Promise<void> {
  const probes = new Map<string, ToolProbe>();
  for (const { requires = [] } of definitions) for (const probe of requires) probes.set(JSON.stringify(probe), probe);
  const results = await Promise.all([...probes.values()].map((probe) => probeTool(probe, cwd, effects, signal)));
  const failed = results.find(({ ok }) => !ok);
  if (failed)
    throw new ToolMissingError(
      failed.tool,
      `${failed.tool} is needed and does not work: ${failed.message}\n${failed.hint}`,
    );
}

/** Runs one probe; never rejects. */
async function probeTool(
  probe: ToolProbe,
  cwd: string,
  { processes, variables }: Pick<Effects, "processes" | "variables">,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { tool, args, hint } = probe;
  const result = await processes.run(
    {
      file: tool,
      args,
      cwd,
      env: environment(variables),
      timeoutMs: PROBE_TIMEOUT_MS,
      graceMs: GRACE_MS,
      outputLimitBytes: OUTPUT_LIMIT,
    },
    signal,
  );
  const ok = result.end === "exited" && result.exitCode === 0;
  const printed = firstLine(result.stdoutTail) || firstLine(result.stderrTail);
  if (ok) return { tool, ok, message: printed, hint };
  const command = [tool, ...args].join(" ");
  const reason =
    result.message ?? (firstLine(result.stderrTail) || `exit code ${result.exitCode ?? result.signal ?? "?"}`);
  return { tool, ok, message: `\`${command}\`: ${reason}`, hint };
}

function environment(variables: EnvironmentVariables): Readonly<Record<string, string>> {
  return Object.fromEntries(
    PASSED.flatMap((name) => {
      const value = variables.get(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0]?.trim() ?? "";
}
