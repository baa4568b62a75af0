import { SpecError, ToolMissingError } from "../../kernel/errors.ts";
import { type Expectation, inSchema, objectOf, POSITIVE } from "../../kernel/given-options.ts";
import { StopRequest } from "../../kernel/interrupted.ts";
import type { Command, Ended, ProbeContext, Starter } from "../../kernel/ports.ts";
import type { RunContext } from "../../kernel/run-context.ts";
import { defined } from "../../model/json.ts";
import { parseDuration, parseSize } from "../../model/units.ts";
import { SIZE_LIMIT, TIME_LIMIT } from "../../schema/dialect.ts";
import { runTool, versionOf } from "../tool.ts";
import { CommandExecutor, defineExecutor } from "./command.ts";
import type { ProcessOptions } from "./process-options.ts";
import { SlurmClient } from "./slurm/client.ts";
import { Cluster } from "./slurm/cluster.ts";

/** Trials that get ready within this time are submitted as one array. */
const GATHER_MS = 500;
/** What a job may take besides its command: to start, to end what does not end itself. */
const MARGIN_MS = 120_000;
const BUSY = "is a node idle (sinfo)? A job that waits for its turn is no fault of the cluster";
const INSTALL =
  "install Slurm's client commands (Debian: slurm-client), and say where the cluster is by SLURM_CONF or /etc/slurm";

/** What a submission is made of; another of these would be without effect, or in its way. */
const NOT_OWN =
  "^(?!--(?:array|chdir|comment|export|job-name|(?:no-)?requeue|open-mode|output|parsable|test-only|wait|wrap)(?:=|$)|-[aDJoW])";

const slurmProperties = {
  partition: {
    type: "string",
    minLength: 1,
    "x-scores": false,
    "x-secret": false,
    description: "Where jobs run. Default: the cluster's.",
  },
  account: { type: "string", minLength: 1, "x-scores": false, "x-secret": false, description: "Who pays for them." },
  qos: { type: "string", minLength: 1, "x-scores": false, "x-secret": false, description: "Quality of service." },
  time: {
    ...TIME_LIMIT,
    "x-scores": false,
    description: "Longest a job may take, in whole minutes, rounded up. Default: `timeout` and two minutes.",
  },
  cpus_per_task: { type: "integer", minimum: 1, "x-scores": false, description: "Processors of each trial." },
  mem: { ...SIZE_LIMIT, "x-scores": false, description: "Memory of each trial." },
  gpus: {
    anyOf: [
      { type: "integer", minimum: 1 },
      { type: "string", minLength: 1 },
    ],
    "x-scores": false,
    description: "GPUs of each trial: how many, or `type:how many`.",
  },
  setup: {
    type: "string",
    minLength: 1,
    description: "Lines for bash that come before the command on the node, such as `module load cuda`.",
  },
  extra_args: {
    type: "array",
    items: { type: "string", pattern: NOT_OWN, "x-expected": "an option that AURA does not give `sbatch` itself" },
    "x-scores": false,
    description: "More arguments for `sbatch`, but for those by which AURA submits, such as `--array` and `--output`.",
  },
  poll_interval: {
    ...TIME_LIMIT,
    default: "5s",
    "x-scores": false,
    description:
      "How often the scheduler is asked, at first: once for all jobs. Ever less while nothing changes, down to once a minute.",
  },
  queue_timeout: {
    ...TIME_LIMIT,
    "x-scores": false,
    description: "Longest a job may wait in the queue. Default: for ever.",
  },
  on_interrupt: {
    enum: ["cancel", "leave"],
    default: "cancel",
    "x-scores": false,
    "x-secret": false,
    description: "What becomes of jobs when the run is interrupted: `leave` has the next resume go on with them.",
  },
  inside: {
    $ref: "#/$defs/innerExecutor",
    description: "What the command is put into on the node: `{ type: bwrap }`, `{ type: bindfs }`.",
  },
} as const;

/** How trials are run on a Slurm cluster. */
interface ClusterChoices {
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  /** Longest a job may take in the cluster, milliseconds. Default: its timeout and two minutes. */
  readonly timeMs?: number;
  readonly cpusPerTask?: number;
  readonly memBytes?: number;
  readonly gpus?: number | string;
  /** Lines for bash before the command. */
  readonly setup?: string;
  readonly extraArgs?: readonly string[];
  /** Milliseconds; default 5 s. */
  readonly pollIntervalMs?: number;
  /** Milliseconds; default: for ever. */
  readonly queueTimeoutMs?: number;
  /** Default `cancel`. */
  readonly onInterrupt?: "cancel" | "leave";
  /** What puts the command into a sandbox on the node: `new BwrapExecutor(command).starter`. */
  readonly inside?: Starter;
}

const { inside: _inside, ...ownProperties } = slurmProperties;
const { time: _time, mem: _mem, pollInterval: _poll, queueTimeout: _queue, ...sameInCode } = inSchema(ownProperties);
const CHOICES = {
  ...sameInCode,
  timeMs: POSITIVE,
  memBytes: POSITIVE,
  pollIntervalMs: POSITIVE,
  queueTimeoutMs: POSITIVE,
  inside: objectOf(),
} satisfies Readonly<Record<keyof ClusterChoices, Expectation>>;

/** Options of the Slurm executor in code. */
export interface SlurmOptions extends ProcessOptions, ClusterChoices {}

/** Runs trials and checks as jobs of a Slurm cluster: those that are ready together as one array. */
export class SlurmExecutor extends CommandExecutor {
  constructor(command: string | readonly string[], options: SlurmOptions = {}) {
    super(command, options, slurmStarter(options), CHOICES);
  }
}

/** Starts commands as jobs of a Slurm cluster. */
function slurmStarter(options: ClusterChoices): Starter {
  if (options.inside?.start !== undefined) {
    throw new SpecError(
      "inside of a Slurm job go bwrap, bindfs and what else is put before a command, and not what starts commands itself",
    );
  }
  return starterAround(options.inside?.onNode?.() ?? options.inside ?? {}, options);
}

function starterAround(inside: Starter, options: ClusterChoices): Starter {
  const { pollIntervalMs: pollMs = 5000, queueTimeoutMs, onInterrupt = "cancel", setup } = options;
  let cluster: Cluster | null = null;
  const clusterOf = (ctx: RunContext): Cluster => {
    const { isolates: isolated = false } = inside;
    cluster ??= new Cluster({ pollMs, queueTimeoutMs, isolated, arguments: (ms) => submitArguments(options, ms) }, ctx);
    return cluster;
  };
  return {
    gatherMs: GATHER_MS,
    isolates: true,
    isOpen: inside.isolates !== true,
    keepsTime: true,
    wrap: (command, place) => {
      const inner = inside.wrap?.(command, place) ?? command;
      return setup === undefined ? inner : afterSetup(setup, inner);
    },
    ended: (ended, place) => setupEnd(ended) ?? inside.ended?.(ended, place) ?? ended,
    ...defined({ brings: inside.brings, limitTiers: inside.limitTiers }),
    // What holds limits itself has them on its command line.
    start: (jobs, ctx) => clusterOf(ctx).start(inside.limitTiers ? jobs.map((job) => ({ ...job, limits: {} })) : jobs),
    ...(options.inside === undefined ? { around: (inner: Starter) => starterAround(inner, options) } : {}),
    adopt: async (ref, job, ctx) => clusterOf(ctx).adopt(ref, job),
    stays: (reason) => reason instanceof StopRequest && (reason.leavesJobs || onInterrupt === "leave"),
    probe: async (ctx) => {
      await inside.probe?.(ctx);
      await probe(options, ctx);
    },
    // What bash does before may be to find it.
    sharesFiles: setup === undefined,
    missing: async (program, ctx) => (setup === undefined ? ((await inside.missing?.(program, ctx)) ?? null) : null),
    setup: async (ctx) => {
      await inside.setup?.(ctx);
      await clusterOf(ctx).endStopped();
    },
    teardown: async (ctx) => {
      cluster?.close();
      cluster = null;
      await inside.teardown?.(ctx);
    },
  };
}

/** What `sbatch` is told of the jobs, each value in a word of its own. */
function submitArguments(options: ClusterChoices, timeoutMs: number): readonly string[] {
  const { partition, account, qos, timeMs = timeoutMs + MARGIN_MS, cpusPerTask, memBytes, gpus } = options;
  const given: readonly (readonly [string, string | number | undefined])[] = [
    ["ntasks", 1],
    ["partition", partition],
    ["account", account],
    ["qos", qos],
    ["time", Math.ceil(timeMs / 60_000)],
    ["cpus-per-task", cpusPerTask],
    ["mem", memBytes === undefined ? undefined : `${Math.ceil(memBytes / 1024)}K`],
    ["gpus", gpus],
  ];
  const own = given.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  return [...own, ...(options.extraArgs ?? [])];
}

/** What bash says last where lines before a command have ended instead of going on to it. */
const SETUP_ENDED = /AURA: setup ended with code (\d+), before the command\n$/;
/** No end of theirs is that of a command that has done its work. */
const AT_END = 'code=$?; echo "AURA: setup ended with code $code, before the command" >&2; exit $((code ? code : 1))';

function afterSetup(setup: string, { file, args, ...rest }: Command): Command {
  const lines = `trap '${AT_END}' EXIT\n${setup}\ntrap - EXIT\nexec "$@"`;
  return { ...rest, file: "bash", args: ["-c", lines, "setup", file, ...args] };
}

/** The end of a setup that did not come to the command; `null` where it did. */
function setupEnd(ended: Ended): Ended | null {
  const { end, exitCode, stderrTail = "" } = ended;
  const [said, code] = SETUP_ENDED.exec(stderrTail) ?? [];
  if (end !== "exited" || exitCode === 0 || said === undefined) return null;
  const message = `\`setup\` exited with code ${code}, and its command was not started`;
  return { ...ended, message, stderrTail: stderrTail.slice(0, -said.length) };
}

/** Has the cluster look at such a job, without submitting it. */
async function probe(options: ClusterChoices, { settings, effects, signal }: ProbeContext): Promise<void> {
  const client = new SlurmClient(effects, "probe/", settings.root);
  const args = ["--test-only", ...submitArguments(options, 60_000), "--output=/dev/null", "--wrap=true"];
  const answer = await client.run("sbatch", args, undefined, signal);
  if (answer.ok) return;
  const isAway = answer.passes || /configuration source|not found|no such program/i.test(answer.message);
  const problem = isAway ? "executor slurm reaches no cluster" : "Slurm takes no such job";
  const hint = isAway ? `\n${INSTALL}` : "";
  throw new ToolMissingError("sbatch", `${problem}: sbatch --test-only says: ${answer.message}${hint}`);
}

function duration(given: number | string | undefined): number | undefined {
  return given === undefined ? undefined : parseDuration(given);
}

export const slurmExecutor = defineExecutor({
  type: "slurm",
  summary: "Runs trials as jobs of a Slurm cluster: those of an iteration as one array.",
  options: slurmProperties,
  doctor: async (ctx) => {
    const version = await versionOf("sinfo", INSTALL, ctx);
    const job = ["--immediate=30", "--ntasks=1", "--time=1", "--job-name=aura-doctor", "true"];
    await runTool({ file: "srun", args: job, hint: BUSY, timeoutMs: 60_000 }, ctx);
    return `${version}: \`true\` ran as a job`;
  },
  example: {
    command: "python train.py --lr {lr}",
    time: "1h",
    cpus_per_task: 1,
    mem: "256M",
    poll_interval: "2s",
    on_interrupt: "cancel",
  },
  starter: (given, { build }) => {
    const { inside } = given;
    const inner = typeof inside === "object" ? build("executor", { ...inside, command: "true" }) : undefined;
    return slurmStarter(
      defined({
        partition: given.partition,
        account: given.account,
        qos: given.qos,
        timeMs: duration(given.time),
        cpusPerTask: given.cpus_per_task,
        memBytes: given.mem === undefined ? undefined : parseSize(given.mem),
        gpus: given.gpus,
        setup: given.setup,
        extraArgs: given.extra_args,
        pollIntervalMs: duration(given.poll_interval),
        queueTimeoutMs: duration(given.queue_timeout),
        onInterrupt: given.on_interrupt,
        inside: inner?.starter,
      }),
    );
  },
});
