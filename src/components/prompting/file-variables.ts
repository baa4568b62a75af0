import { join, resolve } from "node:path";
import type { StageContext, TrialContext } from "../../kernel/context.ts";
import type { DirectoryEntry, Files } from "../../kernel/effects.ts";
import type { InputSetting } from "../../model/settings.ts";
import { CHARACTERS_PER_TOKEN } from "../../model/units.ts";
import { clipLines, fence, promptLine } from "../../text/printable.ts";
import { TOKEN_BUDGETS } from "./budgets.ts";
import { fencedText, printableList } from "./printable.ts";

/** Files of one input folder whose contents are considered. */
const MAX_FILES = 100;
/** A share of the budget below which a file is not worth starting. */
const WORTH_SHOWING = 400;

interface ShownFile {
  readonly path: string;
  readonly size: number;
  readonly content: string | null;
}

/** `artifacts`: the tracked files as this iteration starts from them; contents until the budget is full, then names. */
export function artifactsVariable(ctx: StageContext): unknown {
  const { artifacts } = ctx;
  const files = artifacts ? artifacts.files(artifacts.base) : [];
  return shownFiles(files, TOKEN_BUDGETS.artifacts * CHARACTERS_PER_TOKEN, "None are tracked.");
}

/** `artifacts` of a trial: the tracked files as its own copy of the project has them. */
export function copiedArtifactsVariable(ctx: TrialContext): unknown {
  const files = ctx.settings.artifacts.flatMap((path) => {
    return contents(ctx, { path, absolutePath: join(ctx.cwd, path), show: "full" }, 0);
  });
  return shownFiles(files, TOKEN_BUDGETS.artifacts * CHARACTERS_PER_TOKEN, "None are tracked.");
}

/** `artifact_diff`: what made the present base of the tracked files: the state it was made from against the base itself. */
export function artifactDiffVariable(ctx: StageContext): unknown {
  const { artifacts } = ctx;
  if (!artifacts || artifacts.base === artifacts.parent) return "";
  const diff = artifacts.diff(artifacts.parent, artifacts.base);
  return fencedText(clipLines(diff, TOKEN_BUDGETS.diff * CHARACTERS_PER_TOKEN), "diff");
}

/** `inputs`: the read-only data by name and size, and the contents of those that say `show: full`. */
export function inputsVariable(ctx: StageContext): unknown {
  const files = ctx.settings.inputs.flatMap((input): readonly ShownFile[] => {
    const size = recordedSize(ctx, input);
    if (input.show === "name") return [{ path: input.path, size, content: null }];
    return contents(ctx, input, size);
  });
  return shownFiles(files, TOKEN_BUDGETS.inputs * CHARACTERS_PER_TOKEN, "None.");
}

/** Recorded sizes are used, not those of now: a prompt does not change with the disk. */
function recordedSize(ctx: StageContext, input: InputSetting): number {
  const folder = input.path.replace(/\/*$/, "/");
  return ctx.inputs
    .filter(({ path }) => path === input.path || `${path}/` === folder || path.startsWith(folder))
    .reduce((sum, { size }) => sum + size, 0);
}

/** Of a folder what is data in it, also behind links: neither git's own files nor those of runs. */
function contents(ctx: StageContext, input: InputSetting, size: number): readonly ShownFile[] {
  const { files } = ctx.effects;
  const text = textOf(files, input.absolutePath);
  if (text !== null) return [{ path: input.path, size, content: text }];
  const found: ShownFile[] = [];
  const visited = new Set<string>();
  const visit = (path: string, absolute: string): void => {
    if (visited.has(absolute)) return;
    visited.add(absolute);
    const entries = files.list(absolute) ?? [];
    if (absolute !== input.absolutePath && isOfRun(entries)) return;
    for (const entry of entries) {
      if (found.length >= MAX_FILES) return;
      const inner = join(path, entry.name);
      const named = resolve(absolute, entry.name);
      const place = entry.kind === "symlink" ? (files.realPath(named) ?? named) : named;
      const { kind, size: own } = files.stat(place) ?? { kind: null, size: 0 };
      if (entry.name === ".git" || place === ctx.workspace.root) continue;
      if (kind === "directory") visit(inner, place);
      else if (kind === "file") found.push({ path: inner, size: own, content: textOf(files, place) });
    }
  };
  visit(input.path, input.absolutePath);
  return found.length > 0 ? found : [{ path: input.path, size, content: null }];
}

/** Whether a folder with these entries is a workspace. */
function isOfRun(entries: readonly DirectoryEntry[]): boolean {
  return ["run.json", "journal.jsonl"].every((file) => entries.some(({ name }) => name === file));
}

/** A text file's contents; `null` for a folder, and for what is binary or too large to be shown. */
function textOf(files: Files, path: string): string | null {
  const real = files.realPath(path);
  const stat = real === null ? null : files.stat(real);
  if (real === null || stat?.kind !== "file" || stat.size > 4 * 1024 * 1024) return null;
  const text = files.readText(real);
  return text === null || text.includes("\u0000") ? null : text;
}

/** Small files in full, and of what they leave each larger one an equal share, so that no file hides the others. */
function shownFiles(files: readonly ShownFile[], budget: number, none: string): unknown {
  const shares = sharesOf(files, budget);
  let room = budget;
  const items: { path: string; size: number; content: unknown }[] = [];
  const parts: string[] = [];
  for (const [index, file] of files.entries()) {
    const path = promptLine(file.path, 400);
    const full = file.content ?? "";
    const share = shares[index] ?? 0;
    const content = share >= Math.min(WORTH_SHOWING, full.length) ? clipLines(full, share) : "";
    room -= content.length + path.length;
    const note = full !== "" && content === "" ? ", contents left out for space" : "";
    parts.push(`${path} (${file.size} bytes${note})${content === "" ? "" : `:\n${fence(content)}`}`);
    items.push({ path, size: file.size, content: fencedText(content) });
    if (room < -budget) break;
  }
  const left = files.length - items.length;
  if (left > 0) parts.push(`(${left} more files)`);
  return printableList(items, files.length === 0 ? none : parts.map((part) => `- ${part}`).join("\n"));
}

/** Characters that each file may show, in the order of the files. */
function sharesOf(files: readonly ShownFile[], budget: number): readonly number[] {
  const lengths = files.map(({ path, content }) => ({ name: path.length, text: content?.length ?? 0 }));
  let room = budget - lengths.reduce((sum, { name }) => sum + name, 0);
  const shares = lengths.map(() => 0);
  const smallestFirst = lengths
    .map(({ text }, index) => ({ text, index }))
    .filter(({ text }) => text > 0)
    .sort((a, b) => a.text - b.text || a.index - b.index);
  for (const [place, { text, index }] of smallestFirst.entries()) {
    // So many that each has a share worth showing.
    const sharers = Math.max(1, Math.min(smallestFirst.length - place, Math.floor(room / WORTH_SHOWING)));
    const share = Math.max(0, Math.min(text, Math.floor(room / sharers)));
    shares[index] = share;
    room -= share;
  }
  return shares;
}
