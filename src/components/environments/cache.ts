import { join } from "node:path";
import type { RunContext } from "../../kernel/context.ts";
import type { Effects, ProcessIdentity } from "../../kernel/effects.ts";
import { ToolMissingError } from "../../kernel/errors.ts";
import { preparing } from "../../kernel/preparing.ts";
import { isJsonObject, parseJson } from "../../model/json.ts";
import { sha256Of } from "../../platform/files/hash.ts";

const LOOK_AGAIN_MS = 200;
/** After which a lock of another machine is nobody's. */
const LONGEST_BUILD_MS = 3_600_000;

/** Where environments are that AURA made: `AURA_CACHE_DIR`, or else `aura` in the user's cache folder. */
function cacheFolder({ variables }: Pick<Effects, "variables">): string {
  const own = variables.get("AURA_CACHE_DIR");
  if (own) return own;
  const [cache, home] = [variables.get("XDG_CACHE_HOME"), variables.get("HOME")];
  if (!cache && !home)
    throw new ToolMissingError("HOME", "there is no place for environments: set HOME or AURA_CACHE_DIR");
  return join(cache || join(home ?? "", ".cache"), "aura");
}

function cacheKey(type: string, parts: readonly unknown[]): string {
  return `${type}-${sha256Of(JSON.stringify(parts)).slice(0, 16)}`;
}

/**
 * The folder of an environment that was made from these parts, of which the same give the same: as it was made before, or
 * made now, by one process at a time. It is built where it stays, since programs in it know their path, and counts as long
 * as `stateOf` says of it what it said when it was made; `null` of one that does not work.
 */
export async function cached(
  type: string,
  parts: readonly unknown[],
  { build, stateOf }: { build(folder: string): Promise<void>; stateOf(folder: string): Promise<string | null> },
  ctx: Pick<RunContext, "effects" | "signal" | "emit">,
): Promise<string> {
  const { files, token, clock } = ctx.effects;
  const key = cacheKey(type, parts);
  const root = join(cacheFolder(ctx.effects), "environments");
  const stamp = join(root, `${key}.json`);
  const standing = async (): Promise<string | null> => {
    const known = parseJson(files.readText(stamp) ?? "");
    if (!isJsonObject(known) || typeof known.folder !== "string" || typeof known.state !== "string") return null;
    const folder = join(root, known.folder);
    return (await stateOf(folder)) === known.state ? folder : null;
  };
  const make = async (): Promise<string> => {
    files.makeDirectory(root, 0o700);
    using _lock = await locked(join(root, `${key}.lock`), ctx);
    const meanwhile = await standing();
    if (meanwhile !== null) return meanwhile;
    // What is left of one that was cut short, or is not what it was any more.
    files.remove(stamp);
    for (const { name } of files.list(root) ?? []) if (name.startsWith(`${key}.d-`)) files.remove(join(root, name));
    const name = `${key}.d-${token(4)}`;
    const folder = join(root, name);
    try {
      await build(folder);
      const state = await stateOf(folder);
      files.writeAtomic(stamp, `${JSON.stringify({ folder: name, state })}\n`, { durable: true });
    } catch (error) {
      files.remove(folder);
      throw error;
    }
    return folder;
  };
  return (await standing()) ?? preparing(`environment ${type}`, make, { emit: ctx.emit, clock });
}

/** Waits for a lock that is given up when its holder has died. */
async function locked(
  path: string,
  { effects: { files, clock, processes }, signal }: Pick<RunContext, "effects" | "signal">,
): Promise<Disposable> {
  const { pid, startedAt, host } = processes.self;
  while (!files.createExclusive(path, JSON.stringify({ pid, startedAt, host }))) {
    const holder = parseJson(files.readText(path) ?? "");
    const age = clock.now().getTime() - (files.stat(path)?.mtimeMs ?? 0);
    const isHeld = isHolder(holder) && holder.host === host ? processes.isAlive(holder) : age < LONGEST_BUILD_MS;
    if (isHeld) await clock.sleep(LOOK_AGAIN_MS, signal);
    else files.remove(path);
  }
  return { [Symbol.dispose]: () => files.remove(path) };
}

function isHolder(value: unknown): value is ProcessIdentity & { readonly host: string } {
  return isJsonObject(value) && typeof value.pid === "number" && typeof value.host === "string";
}
