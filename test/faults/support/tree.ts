import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Every file, link and empty folder below a folder, by relative path, in words: `0644 <bytes as latin1>`, `-> target`. */
export function readTree(root: string, wanted: (path: string) => boolean = () => true): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    const absolute = join(root, path);
    const stat = lstatSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined || (path !== "" && !wanted(path))) return;
    const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
    if (stat.isSymbolicLink()) found.set(path, `-> ${readlinkSync(absolute)}`);
    else if (stat.isFile()) found.set(path, `${mode} ${readFileSync(absolute, "latin1")}`);
    else if (stat.isDirectory()) {
      const names = readdirSync(absolute).sort();
      if (names.length === 0) found.set(path, mode);
      for (const name of names) visit(path === "" ? name : `${path}/${name}`);
    }
  };
  visit("");
  return found;
}

/** What differs between two trees, a line each; empty when nothing does. */
export function differences(expected: ReadonlyMap<string, string>, actual: ReadonlyMap<string, string>): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return paths.flatMap((path) => {
    const [before, after] = [expected.get(path), actual.get(path)];
    if (before === after) return [];
    if (before === undefined) return [`${path}: should not be there`];
    return [after === undefined ? `${path}: is missing` : `${path}: ${firstDifference(before, after)}`];
  });
}

function firstDifference(before: string, after: string): string {
  const [left, right] = [before.split("\n"), after.split("\n")];
  const at = left.findIndex((line, place) => line !== right[place]);
  const place = at === -1 ? left.length : at;
  return `line ${place + 1} is ${JSON.stringify(right[place] ?? "(missing)")}, not ${JSON.stringify(left[place] ?? "(end)")}`;
}
