import { ToolMissingError } from "../../kernel/errors.ts";
import type { ProbeContext } from "../../kernel/ports.ts";
import { runTool } from "../tool.ts";

const LIST = ["--query-gpu=uuid", "--format=csv,noheader"];
const PROBE_MS = 30_000;

/**
 * The graphics cards that trials may be given: those that `CUDA_VISIBLE_DEVICES` names, else all that `nvidia-smi` lists.
 * Throws `ToolMissingError` when there are fewer than one trial needs.
 */
export async function findDevices(needed: number, ctx: ProbeContext): Promise<readonly string[]> {
  const visible = ctx.effects.variables.get("CUDA_VISIBLE_DEVICES");
  const names = [...new Set(visible === undefined ? await listed(ctx) : named(visible))];
  if (names.length >= needed) return names;
  const from = visible === undefined ? "nvidia-smi" : "CUDA_VISIBLE_DEVICES";
  throw new ToolMissingError(
    from,
    `gpus: ${needed} asks for more devices than there are: ${from} names ${names.length}; ask for fewer, or set CUDA_VISIBLE_DEVICES`,
  );
}

/** As CUDA reads the variable: what comes after a name that is none is not visible. */
function named(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  const end = names.findIndex((name) => name === "" || name.startsWith("-"));
  return end < 0 ? names : names.slice(0, end);
}

async function listed(ctx: ProbeContext): Promise<readonly string[]> {
  const hint =
    "gpus needs nvidia-smi to list the devices, or CUDA_VISIBLE_DEVICES: install the NVIDIA driver, or set it";
  const text = await runTool({ file: "nvidia-smi", args: LIST, hint, timeoutMs: PROBE_MS }, ctx);
  return text.split("\n").flatMap((line) => line.trim() || []);
}
