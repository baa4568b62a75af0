import { type Effects, NEVER } from "../../../kernel/effects.ts";

/** Longest that one of Slurm's commands may take; it waits for a controller that is away by itself. */
const COMMAND_MS = 60_000;
const IDS_PER_COMMAND = 100;
/** What is wrong may pass by itself: the controller is away, or the user's jobs are too many for now. */
const PASSES =
  /unable to contact|timed out|timeout|temporarily|standby|communication|connection|connect failure|Zero Bytes|SubmitJobLimit|MaxSubmit|job_submit_limit/i;
/** What Slurm's commands get of AURA's environment, and with it jobs: no secret, nothing of a job that AURA itself runs in. */
const PASSED =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LD_LIBRARY_PATH|KRB5CCNAME|SLURM_CONF.*|SBATCH_(?:ACCOUNT|PARTITION|QOS|RESERVATION|CONSTRAINT|CLUSTERS))$/;

/** What became of a command of Slurm's. `passes`: it may work later. */
type Answer = { readonly ok: true; readonly lines: readonly string[] } | Refusal;

interface Refusal {
  readonly ok: false;
  readonly passes: boolean;
  readonly message: string;
}

/** What the scheduler says of jobs, by `jobKey`. */
type JobStates = ReadonlyMap<string, JobState>;

/** What the scheduler says of a job: `reason` is why it waits. */
export interface JobState {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
}

/** What this cluster is set to, as far as it matters here. */
export interface ClusterSettings {
  readonly maxArraySize: number;
  /** Between SIGTERM and SIGKILL. */
  readonly killWaitMs: number;
}

/** Slurm's commands. They are asked in words and answer in values; none of them is given text of a trial as an option. */
export class SlurmClient {
  readonly #effects: Pick<Effects, "processes" | "variables" | "token">;
  readonly #mark: string;
  readonly #cwd: string;
  #settings: Promise<ClusterSettings> | null = null;

  /** `mark` begins the marker of its processes: a command that outlives a killed AURA is ended by the next resume. */
  constructor(effects: Pick<Effects, "processes" | "variables" | "token">, mark: string, cwd: string) {
    this.#effects = effects;
    this.#mark = mark;
    this.#cwd = cwd;
  }

  /**
   * Submits. A job gets the environment of its `sbatch`: by AURA's marker in it, it would be taken for a leftover where this
   * machine is a node. (With `--export` each job would wait for a login of its user.)
   */
  submit(args: readonly string[]): Promise<Answer> {
    return this.run("env", ["AURA_TRIAL=job", "sbatch", ...args]);
  }

  async run(tool: string, args: readonly string[], stdin?: string, signal = NEVER): Promise<Answer> {
    const { processes, token } = this.#effects;
    const marker = `${this.#mark}slurm/${token(6)}`;
    const lines: string[] = [];
    const request = {
      file: tool,
      args,
      cwd: this.#cwd,
      env: { ...this.#environment(), AURA_TRIAL: marker },
      marker,
      graceMs: 1000,
      timeoutMs: COMMAND_MS,
      onLine: (stream: "stdout" | "stderr", line: string) => void (stream === "stdout" && lines.push(line)),
      ...(stdin === undefined ? {} : { stdin }),
    };
    const { end, exitCode, stderrTail, message } = await processes.run(request, signal);
    if (end === "exited" && exitCode === 0) return { ok: true, lines };
    const said = stderrTail.trim() || message || `it ended with ${exitCode ?? end}`;
    const passes = end === "timeout" || end === "spawn-error" || (end === "exited" && PASSES.test(said));
    return { ok: false, passes, message: said };
  }

  /** What the scheduler says of all jobs with these names. */
  async states(names: readonly string[]): Promise<{ readonly ok: true; readonly jobs: JobStates } | Refusal> {
    const args = ["-h", "-r", "-t", "all", "-o", "%i|%T|%r|%j", `--name=${names.join(",")}`];
    const answer = await this.run("squeue", args);
    return answer.ok ? { ok: true, jobs: new Map(answer.lines.flatMap((line) => stateOf(line.split("|")))) } : answer;
  }

  /** The same of jobs that the controller has forgotten, where the cluster keeps accounts. */
  async accounts(name: string): Promise<JobStates> {
    const args = ["-X", "-P", "-n", "--format=JobID,State,JobName", `--name=${name}`, "--starttime=now-30days"];
    const answer = await this.run("sacct", args);
    if (!answer.ok) return new Map();
    const fields = answer.lines.map((line) => line.split("|"));
    return new Map(
      fields.flatMap(([id = "", state = "", job = ""]) => stateOf([id, state.split(" ")[0] ?? "", "", job])),
    );
  }

  /** Takes jobs out of the queue or ends them. `false` when the cluster did not take the request. */
  async cancel(ids: readonly string[]): Promise<boolean> {
    let taken = true;
    for (let from = 0; from < ids.length; from += IDS_PER_COMMAND) {
      const answer = await this.run("scancel", ids.slice(from, from + IDS_PER_COMMAND));
      taken &&= answer.ok || !answer.passes;
    }
    return taken;
  }

  settings(): Promise<ClusterSettings> {
    this.#settings ??= this.run("scontrol", ["show", "config"]).then((answer) => {
      const number = (name: string, otherwise: number): number => {
        const line = answer.ok ? answer.lines.find((one) => one.startsWith(`${name} `)) : undefined;
        return Number(/= *(\d+)/.exec(line ?? "")?.[1] ?? otherwise);
      };
      if (!answer.ok) this.#settings = null;
      return { maxArraySize: number("MaxArraySize", 1001), killWaitMs: number("KillWait", 30) * 1000 };
    });
    return this.#settings;
  }

  #environment(): Record<string, string> {
    const { variables } = this.#effects;
    const names = variables.names().filter((name) => PASSED.test(name));
    return Object.fromEntries(names.map((name) => [name, variables.get(name) ?? ""]));
  }
}

/** A job of an array by its name and its place in it. */
export function jobKey(name: string, index: number | string): string {
  return `${name} ${index}`;
}

function stateOf([id = "", state = "", reason = "", name = ""]: readonly string[]): readonly [string, JobState][] {
  const index = /^\d+_(\d+)$/.exec(id)?.[1];
  return index === undefined ? [] : [[jobKey(name, index), { id, state, reason }]];
}
