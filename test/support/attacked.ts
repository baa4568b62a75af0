import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { onTestFinished } from "vitest";
import type { Trial } from "../../src/model/trial.ts";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";
import { type Attack, attackScript, attacksAround, EXCESSES, plantedResults, VALUES } from "./attacks.ts";
import { type Desk, desk } from "./aura.ts";

/** What became of an attack. */
export interface Attempted {
  readonly attack: Attack;
  readonly won: boolean;
  /** How its trial was recorded, and how it should have been. */
  readonly status: string;
  readonly expected: string;
  /** What held its limits, if anything had to. */
  readonly tiers: readonly string[];
  readonly score: number | null;
  readonly said: string;
}

/** A project that trials attack, in a run of its own each time, and what is around it. */
export interface Target {
  readonly home: string;
  readonly desk: Desk;
  /** All that could be done to what is around a trial, or those of these names. */
  around(only?: readonly string[]): Promise<readonly Attempted[]>;
  excesses(): Promise<readonly Attempted[]>;
  results(): Promise<readonly Attempted[]>;
  values(): Promise<readonly Attempted[]>;
}

const VICTIM: Attack = {
  name: "victim",
  does: "be one of whom others want something",
  script: `echo WON > "$AURA_TRIAL_DIR/secret.txt"`,
  status: "completed",
};

/** Scored by a command that knows what trials may not. */
const JUDGED = 'evaluator: { type: command, command: "sh judge.sh", inputs: [answers.txt, answers] }';

/** `executor`, `environment`: options of theirs, in the braces of YAML. */
export async function target(executor: string, environment = "type: none", excessTimeout = "6s"): Promise<Target> {
  const secret = `loot-${randomBytes(8).toString("hex")}`;
  const outside = temporaryDirectory();
  const home = outside.join("home");
  for (const path of ["home/.ssh/id_ed25519", "home/.config/keys"]) outside.write(path, secret);
  outside.write("home/result.json", '{"score": 99}');
  const socket = outside.join("s");
  const [server] = await Promise.all([0, socket, `\0${socket}`].map((at) => listener(at, secret)));
  const address = server?.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const project = desk({
    "train.txt": "train",
    "data/input.txt": "data",
    ".env": secret,
    "app/.env.local": secret,
    "runs/old/run.json": secret,
    "runs/old/iterations/x": secret,
    "answers.txt": secret,
    "answers/all.txt": secret,
    "judge.sh": "cat answers.txt answers/all.txt >/dev/null && echo 1",
    "value.sh": `[ $# = 1 ] && printf '%s\\n' "$1"; echo "score: 1"`,
  });
  onTestFinished(() => {
    for (const folder of [outside, project]) folder[Symbol.dispose]();
  });

  /** One trial for each choice; what it printed and how it is recorded, in their order. */
  const run = async (name: string, choices: readonly string[], command: string, options: string, more = "") => {
    const spec = `version: 1
name: ${name}
metric: { name: score }
stop: { iterations: 1, failures: 100 }
start: may_fail
parallel: 3
inputs: [data/input.txt]
${name === "around" ? JUDGED : ""}
researcher: { type: search, method: grid, num_tasks: ${choices.length}, space: { x: { type: categorical, choices: ${JSON.stringify(choices)} } } }
experimenter: { type: composed, environment: { ${environment} }, executor: { ${executor}, command: "${command}", ${options} } ${more} }
`;
    project.write(`${name}.yaml`, spec);
    const env = { HOME: home, OPENAI_API_KEY: secret, MY_SECRET: secret };
    const { code, stderr } = await project.run(["run", `${name}.yaml`, "--workspace", `runs/${name}`], env);
    // 1 where nothing has a score, as it should be.
    if (code !== 0 && code !== 1) throw new Error(`the run of ${name} ended with ${code}: ${stderr}`);
    return choices.map((_, n) => {
      const id = `i00001-h${String(n).padStart(3, "0")}`;
      const at = project.join(`runs/${name}/iterations/00001/trials/${id}-t00`);
      const trial: Trial = JSON.parse(readFileSync(`${at}.json`, "utf8"));
      const { score } = project.json<{ score: number | null }>(`runs/${name}/iterations/00001/evaluations/${id}.json`);
      const logs = ["stdout", "stderr"].map((stream) => `${at}.a1.${stream}.log`).filter((path) => existsSync(path));
      const said = logs.map((path) => readFileSync(path, "utf8")).join("");
      const status = trial.state === "finished" ? trial.outcome.status : trial.state;
      return { said, score, status, tiers: Object.values(trial.attempts.at(-1)?.limits ?? {}) };
    });
  };

  const attempt = async (name: string, list: readonly Attack[], options: string, more?: string) => {
    project.write(`${name}.sh`, attackScript(list));
    const names = list.map((attack) => attack.name);
    const ends = await run(name, names, `sh ${name}.sh {x}`, options, more);
    return list.flatMap((attack, n): readonly Attempted[] => {
      const end = ends[n];
      if (end === undefined || attack === VICTIM) return [];
      const expected = statusOf(attack, end.tiers);
      return [{ attack, ...end, expected, won: /WON/.test(end.said) || end.said.includes(secret) || end.score === 99 }];
    });
  };

  return {
    home,
    desk: project,
    around: (only) => {
      const all = attacksAround({ home, pid: process.pid, port, socket });
      return attempt("around", [VICTIM, ...all.filter(({ name }) => only?.includes(name) ?? true)], "timeout: 30s");
    },
    excesses: () =>
      attempt("excesses", EXCESSES, `timeout: ${excessTimeout}, limits: { memory: 200M, pids: 100, output: 1M }`),
    results: () =>
      attempt(
        "results",
        plantedResults(home),
        "timeout: 30s",
        ", collector: { type: json-file, path: out/result.json }",
      ),
    values: async () => {
      const ends = await run("values", VALUES, "sh value.sh {x}", "timeout: 30s");
      return VALUES.map((value, n): Attempted => {
        const { said = "", status = "", score = null, tiers = [] } = ends[n] ?? {};
        const attack: Attack = {
          name: value,
          does: `be more than one word by the value \`\` ${value} \`\``,
          script: "",
          status: "completed",
        };
        return {
          attack,
          said,
          status,
          expected: "completed",
          tiers,
          score,
          won: said !== `${value}\nscore: 1\n` || existsSync(project.join("WON")),
        };
      });
    },
  };
}

function statusOf({ status }: Attack, tiers: readonly string[]): string {
  if (typeof status === "string") return status;
  return tiers.some((tier) => /^cgroup|^container/.test(tier)) ? status.cgroup : status.rlimit;
}

function listener(at: number | string, secret: string): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined).end(secret));
  onTestFinished(() => void server.close());
  return new Promise((resolve) => server.listen(at, () => resolve(server)));
}

/** The table of attacks in the documents. */
export function attackTable(attempted: readonly Attempted[]): string {
  const rows = attempted.map(({ attack, won, status }) => {
    const known = attack.status;
    const said = typeof known === "string" ? status : `${known.cgroup} (control group), ${known.rlimit} (rlimits)`;
    const does = attack.does.replaceAll("|", "\\|");
    return `| ${does} | ${won ? "**succeeds**" : "fails"} | ${said} |`;
  });
  return ["| a trial tries to | and | its record says |", "|---|---|---|", ...rows].join("\n");
}
