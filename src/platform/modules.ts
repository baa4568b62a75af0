import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, SpecError } from "../kernel/errors.ts";

const PACKAGE = "aura-research";

/**
 * Loads a user's module, JavaScript or TypeScript, and gives its exports. What it imports from `aura-research` is this
 * very package, wherever the module lies. Throws `SpecError` that names the file when it is missing or does not load,
 * and a folder that has no module as its index.
 */
export async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(path);
  if (!existsSync(file)) throw new SpecError(`there is no module ${path}`);
  try {
    const { createJiti } = await import("jiti");
    const jiti = createJiti(pathToFileURL(file).href, {
      fsCache: false,
      moduleCache: false,
      interopDefault: false,
      ...(await ownPackage()),
    });
    const loaded = await jiti.import<unknown>(file);
    return exportsOf(loaded);
  } catch (thrown) {
    if (isFolderWithoutModule(file, thrown))
      throw new SpecError(`${path} is a folder without an index.ts or index.js; name the module's file`);
    const where = `${path}${lineIn(file, thrown)}`;
    throw new SpecError(`cannot load the module ${where}: ${reasonOf(thrown)}`, [], { cause: thrown });
  }
}

/** Whether it was the folder itself that could not be loaded, and nothing that a module in it imports. */
function isFolderWithoutModule(file: string, thrown: unknown): boolean {
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder && messageOf(thrown).startsWith(`Cannot find module '${file}'`);
}

/** The line of the module where it threw an error, as `:12`; a column is that of the compiled text. */
function lineIn(file: string, thrown: unknown): string {
  const [, ...frames] = thrown instanceof Error ? (thrown.stack ?? "").split("\n    at ") : [];
  const [, place = ""] = frames.find((frame) => frame.includes(`${file}:`))?.split(`${file}:`) ?? [];
  const line = Number.parseInt(place, 10);
  return Number.isNaN(line) ? "" : `:${line}`;
}

/** The loader tells of a syntax error on one line and of its place on the next. */
function reasonOf(thrown: unknown): string {
  const message = messageOf(thrown);
  const [, what, place] = /^ParseError: (.*?)\s*\n\s*(\S.*:\d+:\d+)\s*$/.exec(message) ?? [];
  return what === undefined || place === undefined ? message : `${place}: syntax error: ${what}`;
}

/** The exports of a module; what a CommonJS module assigns to `module.exports` is also its default export. */
function exportsOf(loaded: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(loaded)) return { default: loaded };
  const named = Object.fromEntries(Object.keys(loaded).map((name) => [name, Reflect.get(loaded, name)] as const));
  if (!("default" in named)) return isModule(loaded) ? named : { ...named, default: loaded };
  const { default: whole } = named;
  // An ES module that was compiled to CommonJS, loaded as it is: its default export is inside of what it assigned.
  return isObject(whole) && isCompiled(whole) ? exportsOf(whole) : named;
}

/** Whether these are the exports of an ES module, and not what CommonJS assigned. */
function isModule(loaded: object): boolean {
  return isCompiled(loaded) || Reflect.get(loaded, Symbol.toStringTag) === "Module";
}

function isCompiled(loaded: object): boolean {
  return Reflect.get(loaded, "__esModule") === true;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** This package's public entry, already loaded: a module that imports it shares its classes with the process. */
async function ownPackage(): Promise<{ readonly virtualModules?: Record<string, unknown> }> {
  const root = packageRoot();
  if (root === null) return {};
  const fromSource = fileURLToPath(import.meta.url).startsWith(join(root, "src") + sep);
  const entry = fromSource ? join(root, "src", "index.ts") : join(root, "dist", "lib", "index.js");
  if (!existsSync(entry)) return {};
  const own: unknown = await import(pathToFileURL(entry).href);
  return { virtualModules: { [PACKAGE]: own } };
}

function packageRoot(): string | null {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (dirname(folder) !== folder) {
    if (isOwnManifest(join(folder, "package.json"))) return folder;
    folder = dirname(folder);
  }
  return null;
}

function isOwnManifest(path: string): boolean {
  if (!existsSync(path)) return false;
  const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
  return typeof manifest === "object" && manifest !== null && "name" in manifest && manifest.name === PACKAGE;
}
