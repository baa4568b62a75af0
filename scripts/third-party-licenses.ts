import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What this needs of the bundler: the modules of each chunk, and a way to add a file to the output. */
interface PluginContext {
  emitFile(file: { readonly type: "asset"; readonly fileName: string; readonly source: string }): unknown;
}

type Bundle = Readonly<Record<string, { readonly moduleIds?: readonly string[] }>>;

/** A package whose code is in the bundle. */
interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

const FILE_NAME = "THIRD-PARTY-LICENSES.txt";
const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;

/** A plugin of the bundler that adds the licence texts of all packages whose code went into the bundle. */
export function thirdPartyLicenses() {
  return {
    name: "third-party-licenses",
    generateBundle(this: PluginContext, _options: unknown, bundle: Bundle) {
      const folders = new Set(
        Object.values(bundle)
          .flatMap((chunk) => chunk.moduleIds ?? [])
          .map((id) => packageFolder(id))
          .filter((folder) => folder !== null),
      );
      this.emitFile({ type: "asset", fileName: FILE_NAME, source: licensesText([...folders].map(readPackage)) });
    },
  };
}

/** The folder of the package a module is from; `null` for a module of this project. */
function packageFolder(moduleId: string): string | null {
  const path = moduleId.replace(/^\0/, "").replace(/\?.*$/, "");
  if (!path.includes("/node_modules/")) return null;
  let folder = dirname(path);
  // Folders inside a package may have a package.json of their own, which names nothing.
  while (!isPackageRoot(folder)) {
    if (dirname(folder) === folder) return null;
    folder = dirname(folder);
  }
  return folder;
}

function isPackageRoot(folder: string): boolean {
  const parent = dirname(folder);
  const inModules =
    basename(parent) === "node_modules" ||
    (basename(parent).startsWith("@") && basename(dirname(parent)) === "node_modules");
  return inModules && existsSync(join(folder, "package.json"));
}

function readPackage(folder: string): BundledPackage {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { name, version, license, author } = { ...NOTHING, ...(typeof manifest === "object" ? manifest : {}) };
  if (typeof name !== "string" || typeof version !== "string" || typeof license !== "string") {
    throw new Error(`${folder} does not say its name, version and licence`);
  }
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  if (texts.length > 0) return { name, version, license, text: texts.join("\n\n") };
  if (license !== "MIT") throw new Error(`${folder} ships no licence text`);
  const holder = typeof author === "string" ? author : `the authors of ${name}`;
  return { name, version, license, text: `Copyright (c) ${holder}\n\n${MIT}` };
}

const NOTHING: Readonly<Record<"name" | "version" | "license" | "author", unknown>> = {
  name: undefined,
  version: undefined,
  license: undefined,
  author: undefined,
};

/** For packages that name this licence and do not ship its text. */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify,
merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished
to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE
FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

function licensesText(packages: readonly BundledPackage[]): string {
  const rule = "-".repeat(80);
  const intro = "This folder contains code of the following packages.";
  const parts = packages.map(
    ({ name, version, license, text }) => `${rule}\n${name} ${version} (${license})\n${rule}\n\n${text}`,
  );
  // The same version of a package may lie in several folders.
  return `${[intro, ...new Set(parts.sort())].join("\n\n")}\n`;
}
