import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { type Effects, type Files, NEVER } from "../kernel/effects.ts";
import type { RunSettings } from "../model/settings.ts";
import { isWithin } from "../model/tree-path.ts";
import { keptOut, tidy } from "../pipeline/trackable.ts";
import type { LeftOut, ProjectRequest, ProjectSurvey } from "../workspace/states/index.ts";
import { type PlacedCommand, placedCommands } from "./commands.ts";
import { type Finding, finding } from "./diagnostics.ts";
import type { Site } from "./sites.ts";

/** What a trial's own copy of the project would hold, and what it leaves out. */
export interface SurveyedCopy {
  readonly survey: ProjectSurvey;
  readonly left: readonly LeftOut[];
}

/** Looks at what trials of this spec would get for a copy of the project; `null` when they run in the project itself. */
export async function surveyCopy(
  settings: RunSettings,
  sites: readonly Site[],
  effects: Effects,
): Promise<SurveyedCopy | null> {
  if (!runsInCopy(settings.artifacts, sites)) return null;
  const { leftOut, surveyProject } = await import("../workspace/states/index.ts");
  const { root, artifacts: tracked, files: patterns } = settings;
  const request: ProjectRequest = { root, tracked, patterns, inputs: keptOut(settings) };
  const survey = await surveyProject(request, effects, NEVER);
  return { survey, left: leftOut(effects.files, request, survey) };
}

/** Whether trials run in copies of the project: with artifacts, and where an option says so. */
export function runsInCopy(artifacts: readonly unknown[], sites: readonly Site[]): boolean {
  return artifacts.length > 0 || sites.some(({ schema, value }) => value === (schema?.["x-copy"] ?? null));
}

const REASONS: Readonly<Record<LeftOut["why"], string>> = {
  untracked: "git does not track it: `git add` it, or name it under `inputs`",
  ignored: "git ignores it: name it under `inputs`, or write its absolute path in the command",
  "not-in-files": "`files` does not take it in: name it there, or under `inputs`",
  "hidden-folder":
    "folders that begin with a dot, and node_modules, stay out: write its absolute path, or name it under `inputs`",
  secrets: "files called `.env` and their like hold secrets: hand on what is needed by `pass_env`",
  "leads-out": "the link leads out of the project: name it under `inputs`",
  "dead-link": "what the link leads to is not in it: name it under `inputs`, or make the link an absolute path",
};

/** What the commands of a spec, and programs that they name, name of the project and a trial's copy of it does not hold. */
export async function copyFindings(
  settings: RunSettings,
  sites: readonly Site[],
  effects: Effects,
): Promise<readonly Finding[]> {
  const copy = await surveyCopy(settings, sites, effects);
  if (copy === null) return [];
  const { root } = settings;
  const { files } = effects;
  const links = copy.left.filter(({ why }) => why === "leads-out" || why === "dead-link");
  const message = (path: string, by: string, { why }: LeftOut): string =>
    `${path}${by} is not in a trial's copy of the project, as ${REASONS[why]}`;
  // An evaluator's command runs in the project itself.
  const inCopy = placedCommands(sites).filter(({ path }) => path[0] !== "evaluator");
  return inCopy.flatMap((command) =>
    namedFiles(command, root, files).flatMap(({ path, word, importedBy }) => {
      const within = word === undefined ? {} : { within: word };
      const missing = copy.left.find((one) => isWithin(path, one.path.replace(/\/$/, "")));
      if (missing === undefined) {
        const text = links.length === 0 ? "" : programText(path, root, files);
        const read = links.filter((link) => names(text, link.path));
        return read.map((link) => finding(command.path, message(link.path, `, which ${path} names,`, link), within));
      }
      if (word !== undefined && missing.why === "ignored" && isBehindAnother(command, word)) return [];
      const by = importedBy === undefined ? "" : `, which ${importedBy} imports,`;
      return [finding(command.path, message(path, by, missing), within)];
    }),
  );
}

/** What commands name of the folder `here` that is not in the project, where they run. */
export function misplacedFindings(
  { root }: Pick<RunSettings, "root">,
  sites: readonly Site[],
  { files, dir, here }: { readonly files: Files; readonly dir: string; readonly here: string },
): readonly Finding[] {
  if (here === root) return [];
  return placedCommands(sites).flatMap((command) =>
    namedFiles(command, here, files).flatMap(({ path, word }) => {
      const isHereAlone = files.stat(join(here, path))?.kind === "file" && files.stat(join(root, path)) === null;
      if (word === undefined || !/[./]/.test(path) || !isHereAlone) return [];
      const message = `${path} is in the current folder, but not in ${root}, where commands run; \`root: ${relative(dir, here)}\` has them run here`;
      return [finding(command.path, message, { within: word })];
    }),
  );
}

/** Whether a word stands behind another command in a shell's text, which may well make the file: `make && ./bench`. */
function isBehindAnother({ command, shell }: PlacedCommand, word: string): boolean {
  return shell && typeof command === "string" && /&&|[;\n]/.test(command.slice(0, command.lastIndexOf(word)));
}

/** Whether a program has a path in its text, or the last part of it, as the beginning or the end of one. */
function names(text: string, path: string): boolean {
  const between = text.split(basename(path));
  return between.some((before, at) => /^$|['"`/=\s(]/.test(before.slice(-1)) && /^['"`/]/.test(between[at + 1] ?? ""));
}

function programText(path: string, root: string, files: Files): string {
  const stat = files.stat(join(root, path));
  return stat?.kind === "file" && stat.size < MAX_PROGRAM ? (files.readText(join(root, path)) ?? "") : "";
}

/** A file or folder of the project that a command names. */
interface NamedFile {
  /** Relative to the project. */
  readonly path: string;
  /** The word of the command; absent for what a program that it names imports. */
  readonly word?: string;
  readonly importedBy?: string;
}

/** Files of one command that are followed, and bytes of a program that are read. */
const [MAX_FILES, MAX_PROGRAM] = [200, 256 * 1024];

/** What of the project a command names by its words, and what Python programs among that import of what lies beside them. */
export function namedFiles({ command }: PlacedCommand, root: string, files: Files): readonly NamedFile[] {
  const found = new Map<string, NamedFile>();
  const add = (path: string, more: Omit<NamedFile, "path">): void => {
    if (path !== "." && !path.startsWith("../") && !isAbsolute(path) && !found.has(path))
      found.set(path, { path, ...more });
  };
  const words =
    typeof command === "string" ? command.split(/[\s'"=;|&<>()]+/) : command.flatMap((word) => word.split("="));
  for (const [place, word] of words.entries()) {
    const isModule = words[place - 1] === "-m";
    const path = isModule ? moduleFile(word, ".", root, files) : word;
    if (path && !path.includes("{") && !isAbsolute(path) && files.stat(join(root, path))) add(tidy(path), { word });
  }
  for (const { path } of found.values()) {
    if (found.size > MAX_FILES) break;
    if (!path.endsWith(".py")) continue;
    for (const module of importsOf(programText(path, root, files))) {
      const file = moduleFile(module, dirname(path), root, files);
      if (file !== null) add(tidy(file), { importedBy: path });
    }
  }
  return [...found.values()];
}

function importsOf(program: string): readonly string[] {
  const statements = program.matchAll(/^[ \t]*(?:import[ \t]+([\w., \t]+)|from[ \t]+([\w.]+)[ \t]+import\b)/gm);
  return [...statements].flatMap(([, several, from]) =>
    (several ?? from ?? "").split(",").map((one) => one.trim().split(/\s/)[0] ?? ""),
  );
}

/** The file of a Python module beside a program, or the folder that it would be in; `null` when it is from elsewhere. */
function moduleFile(module: string, folder: string, root: string, files: Files): string | null {
  const at = join(folder, ...module.split("."));
  if (module === "" || module.startsWith(".")) return null;
  const candidates = [`${at}.py`, join(at, "__init__.py"), at, join(folder, `${module.split(".")[0]}.py`)];
  return candidates.find((path) => files.stat(join(root, path)) !== null) ?? null;
}
