import { ToolMissingError } from "../../kernel/errors.ts";
import type { ProbeContext } from "../../kernel/ports.ts";

const LIST = ["--query-gpu=uuid", "--format=csv,noheader"];
const PROBE_MS = 30_000;

/**
 * The graphics cards that trials may be given: those that `CUDA_VISIBLE_DEVICES` names, else all that `nvidia-smi` lists.
 * Throws `ToolMissingError` when there are fewer than one trial needs.
 */
export async function findDevices(needed: number, ctx: ProbeContext): Promise<readonly string[]> {
  const visible = ctx.effects.variables.get("CUDA_VISIBLE_DEVICES");
  const found = visible === undefined ? await listed(ctx) : { names: named(visible), from: "CUDA_VISIBLE_DEVICES" };
  if (found.names.length >= needed) return found.names;
  throw new ToolMissingError(
    found.from,
    `gpus: ${needed} asks for more devices than there are: ${found.from} names ${found.names.length}; ask for fewer, or set CUDA_VISIBLE_DEVICES`,
  );
}

/** As CUDA reads the variable: what comes after a name that is none is not visible. */
function named(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  const end = names.findIndex((name) => name === "" || name.startsWith("-"));
  return [...new Set(end < 0 ? names : names.slice(0, end))];
}

async function listed({
  effects,
  settings,
  signal,
}: ProbeContext): Promise<{ names: readonly string[]; from: string }> {
  const env = { PATH: effects.variables.get("PATH") ?? "" };
  let text = "";
  const request = { file: "nvidia-smi", args: LIST, cwd: settings.root, env, timeoutMs: PROBE_MS, graceMs: 1000 };
  const onLine = (stream: string, line: string): void => {
    if (stream === "stdout") text += `${line}\n`;
  };
  const { end, exitCode, stderrTail, stdoutTail, message } = await effects.processes.run(
    { ...request, onLine },
    signal,
  );
  if (end === "exited" && exitCode === 0) {
    return {
      names: [
        ...new Set(
          text
            .split("\n")
            .map((line) => line.trim())
            .filter(Boolean),
        ),
      ],
      from: "nvidia-smi",
    };
  }
  const said = (message ?? (stderrTail || stdoutTail)).trim() || `it ended with ${exitCode}`;
  throw new ToolMissingError(
    "nvidia-smi",
    `gpus needs CUDA_VISIBLE_DEVICES, or nvidia-smi to list the devices: ${said}; install the NVIDIA driver, or set the variable`,
  );
}
