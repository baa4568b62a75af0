import { cpSync, existsSync } from "node:fs";
import { resolve } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "../../../src/testing/temp-dir.ts";
import { type AuraEnd, type LiveAura, startAura } from "../../support/aura.ts";
import { processesWhere } from "../../support/processes.ts";
import { crossingsIn, type RealCrossing, type When } from "./kinds.ts";
import { differencesFrom, essenceOf, promisesOf, type Tally } from "./reference-model.ts";
import { countLines } from "./scenario.ts";

/** A spec of six hypotheses with artifacts, edits, checks, repeats and a model that answers from files, all real processes. */
const SPEC = `version: 1
name: kill
goal: a high score
seed: 7
metric: { name: score }
stop: { iterations: 2 }
parallel: 2
retries: 1
artifacts: [code.sh, lib/]
files: [README.txt]
inputs: [data.csv]
runners:
  main: { type: command, argv: [sh, ./model.sh], input: stdin }
researcher: { type: prompt, runner: main, num_tasks: 3, prompt: "PROPOSE {{iteration}}\\n{{history}}\\n{{failures}}\\n{{insights}}\\n{{artifact_diff}}" }
experimenter: { type: script, command: [sh, "{aura.root}/train.sh", "{x?}"], trials: 2, timeout: 20s }
checks: [{ name: suite, command: [sh, "{aura.root}/suite.sh"] }]
reviewer: { type: prompt, runner: main, prompt: "REVIEW {{iteration}}\\n{{results}}" }
`;

/**
 * While there is a file `hang`, a trial ignores every polite request to end, and so does a child in a session of its
 * own. The second repeat goes on even when the file is gone, unless there is a file `let-go`.
 */
const TRAIN = `echo "$AURA_TRIAL_ID" >> "$AURA_ROOT/starts.log"
if [ -e "$AURA_ROOT/hang" ]; then
  trap "" TERM INT HUP
  setsid sh -c 'trap "" TERM INT HUP; while :; do sleep 0.2; done' &
  echo "$AURA_TRIAL_ID" >> "$AURA_ROOT/hanging.log"
  while [ -e "$AURA_ROOT/hang" ] || { [ "$AURA_TRIAL_INDEX" = 1 ] && [ ! -e "$AURA_ROOT/let-go" ]; }; do sleep 0.1; done
fi
. ./code.sh
x=\${1:-0}
[ "$x" -lt 0 ] && exit 1
ls lib > "$AURA_TRIAL_DIR/files.txt"
echo "score=$((gain * x + shift + $(wc -l < "$AURA_TRIAL_DIR/files.txt")))"
`;

const SUITE = `echo "$AURA_TRIAL_ID" >> "$AURA_ROOT/starts.log"
if grep -q broken code.sh; then exit 1; fi
`;

const MODEL = `prompt=$(cat)
printf %s "$prompt" | sha256sum | cut -d ' ' -f 1 >> calls.log
case $prompt in
  REVIEW*) echo '[{"finding": "seen"}]' ;;
  "PROPOSE 1"*"cannot be made"*) cat reply-1-again.json ;;
  "PROPOSE 1"*) cat reply-1.json ;;
  *) cat reply-2.json ;;
esac
`;

const FILES: Readonly<Record<string, string>> = {
  "spec.yaml": SPEC,
  "train.sh": TRAIN,
  "suite.sh": SUITE,
  "model.sh": MODEL,
  "code.sh": "gain=1\nshift=0\n",
  "lib/a.txt": "a\n",
  "README.txt": "not tracked\n",
  "data.csv": "1,2,3\n",
  "reply-1.json": JSON.stringify([
    { x: 1, edits: [{ path: "code.sh", search: "gain=1", replace: "gain=2" }] },
    { x: 2, edits: [{ path: "lib/b.txt", content: "b\n" }] },
    { x: 3, edits: [{ path: "code.sh", search: "nowhere", replace: "shift=1" }] },
  ]),
  "reply-1-again.json": JSON.stringify([{ x: 3, edits: [{ path: "code.sh", search: "shift=0", replace: "shift=1" }] }]),
  "reply-2.json": JSON.stringify([
    { x: -1 },
    { x: 4, edits: [{ path: "lib/b.txt", delete: true }] },
    { x: 5, edits: [{ path: "code.sh", content: "broken\n" }] },
  ]),
};

/** A project with the spec, where the real command runs. */
export interface RealPlace extends TemporaryDirectory {
  readonly workspace: string;
  tally(): Tally;
  /** Starts the run, or goes on with it where it has begun. */
  start(env?: Readonly<Record<string, string>>, args?: readonly string[]): LiveAura;
  /** The same, to its end. Also answers the promises it broke. */
  live(env?: Readonly<Record<string, string>>): Promise<AuraEnd & { readonly broken: readonly string[] }>;
}

export function realPlace(files: Readonly<Record<string, string>> = {}, parent?: string): RealPlace {
  const dir = temporaryDirectory(parent);
  for (const [path, content] of Object.entries({ ...FILES, ...files })) dir.write(path, content);
  const workspace = dir.join("runs", "kill");
  const tally = (): Tally => ({ starts: countLines(dir.join("starts.log")), calls: countLines(dir.join("calls.log")) });
  const start: RealPlace["start"] = (env = {}, args = []) => {
    const begun = existsSync(`${workspace}/run.json`);
    const command = begun ? ["resume", "runs/kill", ...args] : ["run", "spec.yaml", ...args];
    const shown = args.includes("--json") || args.includes("--reporter") ? [] : ["--reporter", "silent"];
    return startAura([...command, ...shown], { cwd: dir.path, env });
  };
  return {
    ...dir,
    workspace,
    tally,
    start,
    live: async (env) => {
      const promises = promisesOf(workspace, tally);
      const end = await start(env).ended;
      return { ...end, broken: promises.broken() };
    },
  };
}

/**
 * A project whose run has ended undisturbed: the run is done once for all tests of a file, each of which gets a copy of
 * the project and its workspace, since both may be moved together.
 */
export async function finishedPlace(): Promise<RealPlace> {
  finished ??= finishOnce();
  const place = realPlace();
  cpSync(await finished, place.path, { recursive: true, preserveTimestamps: true });
  return place;
}

let finished: Promise<string> | null = null;

async function finishOnce(): Promise<string> {
  const place = realPlace();
  process.once("exit", () => place[Symbol.dispose]());
  const end = await place.live();
  if (end.code !== 0) throw new Error(`the undisturbed run ended with ${end.code}: ${end.stderr}`);
  return place.path;
}

/** The environment in which the command kills itself at a crossing. */
export function killAt({ at, kind }: RealCrossing, when: When): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: PRELOAD, AURA_KILL_AT: `${at}:${when}:${kind}` };
}

/** The environment in which the command writes down what it crosses. */
export function listIn(file: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: PRELOAD, AURA_KILL_LIST: file };
}

const PRELOAD = `--require ${resolve(import.meta.dirname, "kill-at.cjs")}`;

/** The undisturbed run in a folder made in `parent`: what it leaves, what it did, what it crossed. */
export async function undisturbedCommand(parent?: string): Promise<{
  readonly essence: ReadonlyMap<string, string>;
  readonly tally: Tally;
  readonly crossings: readonly RealCrossing[];
}> {
  using place = realPlace({}, parent);
  const list = place.join("crossings.txt");
  const end = await place.live(listIn(list));
  if (end.code !== 0) throw new Error(`the undisturbed run ended with ${end.code}: ${end.stderr}`);
  const crossings = crossingsIn(list);
  return { essence: essenceOf(place.workspace), tally: place.tally(), crossings };
}

/** What is wrong after a run that was disturbed has been finished. */
export function afterAll(
  expected: { readonly essence: ReadonlyMap<string, string> },
  place: RealPlace,
): readonly string[] {
  return [...differencesFrom(expected.essence, place.workspace), ...survivorsOf(place)];
}

/** Processes that still carry a trial's mark of this run. */
export function survivorsOf({ workspace }: Pick<RealPlace, "workspace">): readonly string[] {
  const left = processesWhere("environ", (text) => text.includes(`AURA_WORKSPACE=${workspace}\0`));
  return left.map((pid) => `process ${pid} is still there`);
}
