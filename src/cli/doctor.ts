import { builtins } from "../components/builtins.ts";
import { type AnyDefinition, KINDS } from "../kernel/define.ts";
import { NEVER } from "../kernel/effects.ts";
import { EXIT, SpecError, ToolMissingError } from "../kernel/errors.ts";
import type { ProbeContext } from "../kernel/ports.ts";
import type { JsonObject } from "../model/json.ts";
import { DEFAULT_SETTINGS } from "../model/settings.ts";
import { makeScratch } from "../platform/scratch.ts";
import { systemEffects } from "../platform/system.ts";
import { optionsOf } from "../spec/components.ts";
import { type LoadedSpec, loadSpec } from "../spec/load.ts";
import { overridesOf } from "../spec/overrides.ts";
import { unsetKeys } from "../spec/plan.ts";
import { resolveSpec } from "../spec/resolve.ts";
import { type KnownComponent, knownComponents, sitesOf } from "../spec/sites.ts";
import { terminalLine } from "../text/printable.ts";
import { isLoopModule } from "./loop-module.ts";
import { type Answer, guarded } from "./output.ts";
import type { OutputOf } from "./outputs/index.ts";

type Check = OutputOf<"doctor-output">["checks"][number];

/** `aura doctor [spec]`: tries what built-in components need of this machine, or all that a spec does. */
export async function doctor(
  file: string | undefined,
  flags: { readonly json?: boolean; readonly set?: readonly string[] },
): Promise<number> {
  return guarded(flags, async (): Promise<Answer<OutputOf<"doctor-output">>> => {
    if (file !== undefined && isLoopModule(file))
      throw new SpecError(`${file} is a module, not a spec: \`aura doctor\` alone tries what its parts may need`);
    const loaded = file === undefined ? null : await loadSpec(file, overridesOf(flags));
    const asked = loaded === null ? await allBuiltins() : componentsOf(loaded);
    const checks = [
      ...(await examined(asked)),
      ...(loaded === null ? [] : [await tried("spec", () => resolved(loaded)), ...missingKeys(loaded)]),
    ];
    const works = checks.every((check) => check.works);
    return {
      document: () => ({ spec: file ?? null, works, checks }),
      text: () => checks.map(textOf).join(""),
      exitCode: works || loaded === null ? EXIT.ok : EXIT.toolMissing,
    };
  });
}

interface Asked {
  readonly definition: AnyDefinition;
  /** As the spec has them. */
  readonly options?: JsonObject;
}

async function allBuiltins(): Promise<readonly Asked[]> {
  const known = await builtins();
  return KINDS.flatMap((kind): readonly AnyDefinition[] => known.list(kind)).map((definition) => ({ definition }));
}

/** Each once, with the options of where it first stands. */
function componentsOf({ spec, registry }: LoadedSpec): readonly Asked[] {
  const all = knownComponents(sitesOf(spec, registry));
  const isFirst = ({ definition }: KnownComponent, n: number): boolean =>
    all.findIndex((other) => other.definition === definition) === n;
  return all.filter(isFirst).map(({ definition, config }) => ({ definition, options: optionsOf(definition, config) }));
}

/** Each is tried in an empty folder of its own, which no program of a project can have a say in. */
async function examined(asked: readonly Asked[]): Promise<readonly Check[]> {
  const effects = systemEffects();
  const root = makeScratch(`doctor-${effects.token(6)}`, effects);
  const metric = { name: "none", direction: "maximize", minDelta: { kind: "absolute", value: 0 } } as const;
  const settings = { ...DEFAULT_SETTINGS, name: "doctor", root, metric };
  const ctx: ProbeContext = { settings, effects, signal: NEVER };
  try {
    const checks = asked.map(({ definition: { kind, type, doctor: look }, options }) =>
      look === undefined ? [] : [tried(`${kind} ${type}`, () => look(ctx, options as never))],
    );
    return await Promise.all(checks.flat());
  } finally {
    effects.files.remove(root);
  }
}

async function resolved(loaded: LoadedSpec): Promise<string> {
  await resolveSpec(loaded);
  return "its programs and files are there";
}

function missingKeys(loaded: LoadedSpec): readonly Check[] {
  return unsetKeys({ loaded }, systemEffects()).map(({ path, message }) => {
    return { what: path, works: false, found: null, problem: message, remedy: null };
  });
}

async function tried(what: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { what, works: true, found: (await look()).split("\n")[0] ?? "", problem: null, remedy: null };
  } catch (error) {
    if (!(error instanceof ToolMissingError)) throw error;
    const lines = error.message.split("\n");
    const remedy = lines.length > 1 ? (lines.pop() ?? null) : null;
    return { what, works: false, found: null, problem: lines.join("\n"), remedy };
  }
}

function textOf({ what, works, found, problem, remedy }: Check): string {
  const lines = works ? [found ?? ""] : [...(problem ?? "").split("\n"), ...(remedy === null ? [] : [remedy])];
  const [first = "", ...rest] = lines.map((line) => terminalLine(line));
  const head = `${works ? "works  " : "missing"}  ${what.padEnd(20)}`;
  return [`${head}  ${first}`, ...rest.map((line) => `${" ".repeat(head.length)}  ${line}`)]
    .map((line) => `${line}\n`)
    .join("");
}
