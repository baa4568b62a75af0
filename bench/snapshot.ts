/**
 * Snapshots of a tree of 5,000 files, 50 MB, with 1% of the files changed before each: time as a ratio to a plain walk
 * of the same tree that reads and hashes every file, in the same run, disk as a ratio to the tree. Run with `npx tsx bench/snapshot.ts`.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemFiles } from "../src/platform/files/local.ts";
import { SnapshotStore } from "../src/workspace/states/store.ts";

const FOLDERS = 50;
const FILES_PER_FOLDER = 100;
const FILE_BYTES = 10_000;
const SNAPSHOTS = 20;
const LIMITS = { time: 3, disk: 1.5 };

const base = mkdtempSync(join(tmpdir(), "aura-bench-snapshot-"));
try {
  const failed = bench(join(base, "tree"), join(base, "workspace"));
  process.exitCode = failed ? 1 : 0;
} finally {
  rmSync(base, { recursive: true, force: true });
}

function bench(tree: string, workspace: string): boolean {
  mkdirSync(workspace, { recursive: true });
  for (let file = 0; file < FOLDERS * FILES_PER_FOLDER; file++) write(tree, file, 0);
  const first = time(() => capture(workspace, tree));
  // What was written so far is still on its way to the disk, and would slow down who writes next.
  execFileSync("sync");
  const ratios: number[] = [];
  const walks: number[] = [];
  const captures: number[] = [];
  for (let round = 1; round < SNAPSHOTS; round++) {
    for (let file = round; file < FOLDERS * FILES_PER_FOLDER; file += 100) write(tree, file, round);
    const walk = time(() => walkAndHash(tree));
    const snapshot = time(() => capture(workspace, tree));
    walks.push(walk);
    captures.push(snapshot);
    ratios.push(snapshot / walk);
  }
  const timeRatio = median(ratios);
  const diskRatio = diskUse(workspace) / diskUse(tree);
  const line = (name: string, value: number, limit: number): string =>
    `${name} ${value.toFixed(2)}x (at most ${limit}x) ${value <= limit ? "ok" : "TOO MUCH"}`;
  const report = [
    `first snapshot ${first.toFixed(0)} ms; later ones ${median(captures).toFixed(0)} ms, walk + hash ${median(walks).toFixed(0)} ms (medians of ${ratios.length})`,
    line("snapshot / (walk + hash)", timeRatio, LIMITS.time),
    line(`disk of ${SNAPSHOTS} snapshots / tree`, diskRatio, LIMITS.disk),
  ];
  process.stdout.write(`${report.join("\n")}\n`);
  return timeRatio > LIMITS.time || diskRatio > LIMITS.disk;
}

function capture(workspace: string, tree: string): void {
  new SnapshotStore(workspace, systemFiles()).capture(tree, ["."]);
}

function walkAndHash(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) walkAndHash(path);
    else createHash("sha256").update(readFileSync(path)).digest("hex");
  }
}

/** Text that is different in each file and round. */
function write(tree: string, file: number, round: number): void {
  const folder = join(tree, `part-${String(file % FOLDERS).padStart(2, "0")}`);
  if (file < FOLDERS && round === 0) mkdirSync(folder, { recursive: true });
  const block = createHash("sha512").update(`${file} ${round}`).digest("hex");
  const path = join(folder, `file-${String(file).padStart(4, "0")}.txt`);
  writeFileSync(path, `${block}\n`.repeat(Math.ceil(FILE_BYTES / (block.length + 1))).slice(0, FILE_BYTES));
}

/** Bytes on the disk, whole blocks counted. */
function diskUse(folder: string): number {
  return Number(execFileSync("du", ["-sk", folder], { encoding: "utf8" }).split("\t")[0]) * 1024;
}

function time(action: () => void): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
