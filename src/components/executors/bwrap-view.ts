import { basename, dirname, join } from "node:path";
import type { Files } from "../../kernel/effects.ts";
import { isWithin, isWithinAny } from "../../model/tree-path.ts";
import type { Mount } from "../mounts.ts";
import { type Place, viewOf } from "../trial-view.ts";

/** Where programs and libraries of the system are. */
const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
/** Settings of the system that programs read and that hold no secrets. */
const SETTINGS = [
  ...["alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "passwd", "group", "nsswitch.conf"],
  ...["mime.types", "fonts", "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/ca-trust", "pki/tls/certs"],
].map((name) => `/etc/${name}`);
const NETWORK_SETTINGS = ["/etc/resolv.conf", "/etc/hosts", "/etc/services"];

/** Of the kernel's settings, which to root are those of the machine. */
const KERNEL = ["sys", "sysrq-trigger", "irq", "bus", "fs"].map((name) => `/proc/${name}`);

/** What mount points below a folder that is hidden may take: no files are ever in it. */
const HIDDEN_BYTES = 64 * 1024;

/** The part of a sandbox that is the same for all trials, as words for bwrap: nothing but the system, and scratch space. */
export function systemWords(files: Files, tmpBytes: number, network: "none" | "host"): readonly string[] {
  const system = SYSTEM.flatMap((folder) => {
    const target = files.readLink(folder);
    if (target !== null) return ["--symlink", target, folder];
    return files.stat(folder) === null ? [] : ["--ro-bind", folder, folder];
  });
  const settings = [...SETTINGS, ...(network === "host" ? NETWORK_SETTINGS : [])];
  return [
    ...["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"],
    ...["--cap-drop", "ALL", "--hostname", "aura", ...(network === "host" ? ["--share-net"] : [])],
    ...system,
    ...settings.flatMap((path) => ["--ro-bind-try", path, path]),
    ...["--proc", "/proc", ...KERNEL.flatMap((path) => ["--ro-bind-try", path, path]), "--dev", "/dev"],
    ...["/tmp", "/dev/shm"].flatMap((path) => ["--size", String(tmpBytes), "--perms", "1777", "--tmpfs", path]),
  ];
}

/**
 * What a trial sees besides the system, as words for bwrap: the project, its inputs and libraries read-only, mounts, the
 * trial's folder for writing, and nothing of what is hidden.
 */
export function placeWords(place: Place, mounts: readonly Mount[], files: Files): readonly string[] {
  const { shown, masked, again } = viewOf(place, mounts, files, SYSTEM);
  return [
    ...shown.flatMap(({ path, from, write }) => {
      if (isWithin(path, "/dev")) return ["--dev-bind", from, path];
      return [write ? "--bind" : "--ro-bind", from, path];
    }),
    ...masked.flatMap(({ path, isFolder }) =>
      isFolder ? ["--size", String(HIDDEN_BYTES), "--tmpfs", path] : ["--dev-bind", "/dev/null", path],
    ),
    ...again.flatMap(({ path, from, write }) => [write ? "--bind" : "--ro-bind", from, path]),
    ...[...masked.flatMap(({ path, isFolder }) => (isFolder ? [path] : [])), "/dev", "/"].flatMap((path) => [
      "--remount-ro",
      path,
    ]),
  ];
}

/**
 * What a sandbox would have to show for a program, of which it shows the system and these folders; nothing where it can be
 * started. The folder around `bin` as well, where its libraries are, unless that is the user's own.
 */
export function foldersToShow(
  program: string,
  folders: readonly string[],
  files: Files,
  home: string,
): readonly string[] {
  const all = [...SYSTEM, ...folders, ...folders.map((folder) => files.realPath(folder) ?? folder)];
  const unseen = [program, files.realPath(program) ?? program].filter((path) => !isWithinAny(path, all));
  const wanted = unseen.map((path) => {
    const folder = dirname(path);
    const around = dirname(folder);
    if (folder === "/") return path;
    const isInstallation =
      /^(?:bin|shims)$/.test(basename(folder)) && !["/", "/tmp", home, join(home, ".local")].includes(around);
    return isInstallation ? around : folder;
  });
  return [...new Set(wanted)];
}
