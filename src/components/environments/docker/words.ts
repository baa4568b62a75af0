import type { Files, ProcessLimits } from "../../../kernel/effects.ts";
import type { Command } from "../../../kernel/ports.ts";
import type { Mount } from "../../mounts.ts";
import { type Place, viewOf } from "../../trial-view.ts";
import { isClientVariable } from "./client.ts";

/** What all containers of an environment have in common. */
export interface ContainerOptions {
  readonly network: string;
  readonly mounts: readonly Mount[];
  /** Named volumes of docker's, by name, and where they are seen: writable, and kept from trial to trial. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  /** `uid:gid` or a name that the image knows; `null` is the image's own. */
  readonly user: string | null;
  readonly gpus: boolean;
  /** Bytes of /tmp and of /dev/shm, each. */
  readonly tmpBytes: number;
}

/** What of a mount point below a folder that is hidden there may be: no files are ever in it. */
const HIDDEN_BYTES = 64 * 1024;
/** Processes and threads of a container where no limit says otherwise: as a fork bomb's end, not as a budget. */
const MOST_PROCESSES = 4096;

/** What is the same for every trial: nothing but the image, read-only, without network, rights or a way to gain some. */
export function containerWords(options: ContainerOptions): readonly string[] {
  const { network, user, tmpBytes } = options;
  return [
    ...["--init", "--pull", "never", "--network", network, "--hostname", "aura", "--read-only"],
    ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ...["--tmpfs", `/tmp:rw,exec,nosuid,nodev,mode=1777,size=${tmpBytes}`, "--shm-size", String(tmpBytes)],
    ...["--log-driver", "local", "--log-opt", "max-size=8m", "--log-opt", "max-file=2"],
    ...(user === null ? [] : ["--user", user]),
  ];
}

/** Limits as docker holds them; memory is what all of the container takes together, swap included. */
export function limitWords(limits: ProcessLimits): readonly string[] {
  const { memoryBytes, pids = MOST_PROCESSES, cpuSeconds, fileSizeBytes, openFiles } = limits;
  const ulimits = { fsize: fileSizeBytes, nofile: openFiles, core: 0 };
  return [
    ...(memoryBytes === undefined ? [] : ["--memory", String(memoryBytes), "--memory-swap", String(memoryBytes)]),
    ...["--pids-limit", String(pids)],
    // The first says by its signal what was reached, the second only ends.
    ...(cpuSeconds === undefined ? [] : ["--ulimit", `cpu=${cpuSeconds}:${cpuSeconds + 1}`]),
    ...Object.entries(ulimits).flatMap(([name, value]) =>
      value === undefined ? [] : ["--ulimit", `${name}=${value}:${value}`],
    ),
  ];
}

/** Devices that a trial has for itself are all that it sees: they have other numbers in there. */
export function gpuWords(devices: string | undefined): readonly string[] {
  return ["--gpus", devices === undefined ? "all" : csv([`device=${devices}`])];
}

/**
 * Variables by name, so that no value stands in the arguments of a process, where everybody reads it. Those that the
 * client would take for its own are said outright.
 */
export function variableWords(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) => ["--env", isClientVariable(name) ? `${name}=${value}` : name]);
}

/**
 * What of this machine a container sees: the project, its inputs and libraries and what is mounted read-only, nothing of
 * what is hidden in them, and the trial's folder for writing.
 */
export function placeWords(
  place: Place,
  { mounts, volumes }: Pick<ContainerOptions, "mounts" | "volumes">,
  files: Files,
): readonly string[] {
  const { shown, masked, again } = viewOf(place, mounts, files);
  return [
    ...shown.flatMap(({ path, from, write }) => bind(from, path, write)),
    ...masked.flatMap(({ path, isFolder }) => (isFolder ? emptied(path) : bind("/dev/null", path))),
    ...again.flatMap(({ path, from, write }) => bind(from, path, write)),
    ...Object.entries(volumes).flatMap(([name, at]) => mount("type=volume", `src=${name}`, `dst=${at}`)),
  ];
}

/** The command itself, as the last words: what follows the image is never an option of docker's. */
export function commandWords({ file, args, cwd }: Command, image: string): readonly string[] {
  return ["--workdir", cwd, "--entrypoint", "", image, file, ...args];
}

function bind(from: string, path: string, write = false): readonly string[] {
  return mount("type=bind", `src=${from}`, `dst=${path}`, ...(write ? [] : ["readonly"]));
}

function emptied(path: string): readonly string[] {
  return mount("type=tmpfs", `dst=${path}`, `tmpfs-size=${HIDDEN_BYTES}`, "readonly");
}

/** Docker reads the option as a line of CSV: a path may hold commas and quotes. */
function mount(...fields: readonly string[]): readonly string[] {
  return ["--mount", csv(fields)];
}

function csv(fields: readonly string[]): string {
  return fields.map((field) => (/[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}
