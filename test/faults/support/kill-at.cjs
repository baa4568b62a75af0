// Loaded into the real command before anything else. It numbers every call that changes something outside, each kind of
// call for itself, and kills the process with SIGKILL at the one it is told: `AURA_KILL_AT=3:before:rmSync /lock.json`.
// With `AURA_KILL_LIST=FILE` it writes down what it counted instead.
"use strict";
const fs = require("node:fs");
const processes = require("node:child_process");
const { syncBuiltinESMExports } = require("node:module");

const { appendFileSync } = fs;
const [, at, when, wanted] = /^(\d+):([^:]+):(.*)$/.exec(process.env.AURA_KILL_AT ?? "") ?? [];
const list = process.env.AURA_KILL_LIST;
const folder = process.cwd();
const names = new Map();
const counts = new Map();
let inside = false;

function die() {
  process.kill(process.pid, "SIGKILL");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** What is done to what sort of file, without ids and numbers. */
function kindOf(method, target) {
  const sort = target
    .replace(folder, "")
    .replace(/\.\d+-\d+\.tmp$/, ".tmp")
    .replace(/\/aura-[0-9a-f]+-/, "/aura-#-")
    .replace(/[0-9a-f]{16,}/g, "#")
    .replace(/objects\/[0-9a-f]{2}/g, "objects/#")
    .replace(/-a\d+\.json/g, "-a#.json")
    .replace(/\d+/g, "#");
  return `${method} ${sort}`;
}

/** Node's own calls inside a call are part of it. */
function crossing(method, target, action, half) {
  if (inside) return action();
  inside = true;
  try {
    const kind = kindOf(method, target);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (list !== undefined) appendFileSync(list, `${count} ${kind}\n`);
    if (kind !== wanted || count !== Number(at)) return action();
    if (when === "before") die();
    try {
      if (when === "half") half?.();
      else action();
    } finally {
      die();
    }
    return undefined;
  } finally {
    inside = false;
  }
}

function isWriting(flags) {
  return typeof flags === "string"
    ? /[wa+]/.test(flags)
    : ((flags ?? 0) & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0;
}

const targetOf = (path) => (typeof path === "number" ? (names.get(path) ?? "fd") : String(path));

function wrap(method, options = {}) {
  const original = fs[method];
  fs[method] = function wrapped(...args) {
    if (options.unless?.(args)) return original.apply(fs, args);
    return crossing(
      method,
      targetOf(args[options.target ?? 0]),
      () => original.apply(fs, args),
      () => options.half?.(original, args),
    );
  };
}

const half = (original, [file, data, ...rest]) =>
  original(file, data.subarray?.(0, data.length >> 1) ?? data.slice(0, data.length >> 1), ...rest);

const { openSync } = fs;
fs.openSync = function wrapped(path, flags, mode) {
  if (!isWriting(flags)) return openSync(path, flags, mode);
  const fd = crossing("openSync", String(path), () => openSync(path, flags, mode));
  names.set(fd, String(path));
  return fd;
};
for (const method of ["writeFileSync", "appendFileSync"]) wrap(method, { half });
for (const method of ["renameSync", "linkSync", "copyFileSync", "symlinkSync"]) wrap(method, { target: 1 });
for (const method of ["unlinkSync", "rmSync", "chmodSync", "utimesSync", "truncateSync", "fsyncSync", "fdatasyncSync"])
  wrap(method);
wrap("mkdirSync", { unless: ([path]) => fs.existsSync(path) });
wrap("writeSync", { unless: ([fd]) => fd < 3 || !names.has(fd) });

const { spawn } = processes;
processes.spawn = (file, ...rest) => crossing("spawn", String(file), () => spawn(file, ...rest));
syncBuiltinESMExports();
