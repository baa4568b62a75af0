import { basename, dirname, join } from "node:path";
import type { Effects, LimitTiers, ProcessLimits } from "../../../kernel/effects.ts";
import { ToolMissingError } from "../../../kernel/errors.ts";
import type { Command, Handle, Job, ProbeContext, Starter, TrialPlace } from "../../../kernel/ports.ts";
import { preparing } from "../../../kernel/preparing.ts";
import type { RunContext } from "../../../kernel/run-context.ts";
import { defined, isJsonObject, type JsonObject, parseJson } from "../../../model/json.ts";
import { ProjectSecrets } from "../../project-secrets.ts";
import { DockerClient, isClientVariable } from "./client.ts";
import { Container } from "./container.ts";
import { execCommand, WARM_PROGRAMS, WarmContainers, type WarmPlace, warmFolder } from "./warm.ts";
import {
  type ContainerOptions,
  commandWords,
  containerWords,
  gpuWords,
  limitWords,
  placeWords,
  variableWords,
} from "./words.ts";

/** Where the image comes from. */
export type ImageSource = { readonly image: string } | { readonly dockerfile: string };

export interface DockerStarterOptions extends Omit<ContainerOptions, "user"> {
  readonly source: ImageSource;
  /** `caller`: whoever runs AURA. `image`: as the image says. */
  readonly user: string;
  /** Whether trials are started in a container of their slot's, instead of in one of their own. */
  readonly warm: boolean;
}

const BUILD_TIMEOUT_MS = 3_600_000;
export const INSTALL =
  "install Docker Engine and start it (`apt-get install docker.io`), and be one who may use it (group docker)";
/** Run as `sh -c … NAME docker run …`: at the end of a job of a cluster nobody else would end the container. Slurm gives a job seconds for it. */
const UNTIL_ENDED = `trap "'$1' stop --time 1 -- '$0'" TERM INT; "$@" & wait $!; code=$?; wait $!; exit $code`;
/** Whose container it is: the run, in the folder that it is in, and the attempt. */
const ATTEMPT_LABEL = "aura.attempt";

/** Starts each command in a container of its own, which has a name that a later AURA finds it by, or in that of its slot. */
export class DockerStarter implements Starter {
  readonly isolates = true;
  readonly brings = ["PATH", "TMPDIR", "USER"];
  readonly #options: DockerStarterOptions;
  readonly #secrets = new ProjectSecrets();
  #client: DockerClient | null;
  #image: string | null = null;
  #engine: string | null = null;
  #warm: WarmContainers | null = null;
  /** A trial in a warm container cannot be told from others in it by a later AURA. */
  readonly adopt?: NonNullable<Starter["adopt"]>;
  readonly startsItself: boolean;

  constructor(options: DockerStarterOptions, effects?: Effects) {
    this.#options = options;
    this.startsItself = options.warm;
    if (!options.warm) this.adopt = (ref, job, ctx) => this.#adopt(ref, job, ctx);
    this.#client = effects === undefined ? null : new DockerClient(effects);
  }

  /** Asks the daemon, and builds the image or looks for it. */
  async probe(ctx: Pick<ProbeContext, "effects" | "signal" | "emit">): Promise<void> {
    const { effects, signal } = ctx;
    const client = new DockerClient(effects);
    this.#client = client;
    if (client.program === null) throw unusable("the program docker is not on PATH", INSTALL);
    const server = ["version", "--format", "{{.Server.Version}}"];
    const version = await client.call(server, signal);
    if (!version.ok) throw unusable(`no daemon answers \`docker ${server.join(" ")}\`: ${version.said}`, INSTALL);
    this.#engine = version.text;
    const endpoint = await client.call(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], signal);
    if (/^(?:tcp|ssh|https?):/.test(endpoint.text))
      throw unusable(
        `the daemon is on another machine (${endpoint.text}), which has not the files of this one`,
        "unset DOCKER_HOST, or choose another context",
      );
    const { network, source } = this.#options;
    const found = network === "none" || (await client.call(["network", "inspect", "--", network], signal)).ok;
    if (!found) throw unusable(`there is no network ${network}`, `make it by \`docker network create ${network}\``);
    this.#image = await imageId(source, client, ctx);
    if (this.#options.warm) await assertPrograms(WARM_PROGRAMS, this.#image, client, signal);
  }

  async setup(ctx: RunContext): Promise<void> {
    // In code nothing was looked for before the run.
    if (this.#image === null) await this.probe(ctx);
    this.#client = new DockerClient(ctx.effects);
    if (this.#options.warm) {
      this.#warm = new WarmContainers(this.#client, ctx);
      await this.#warm.sweep(ctx.signal);
    }
    const others = this.#otherImages(ctx);
    if (others.length === 0) return;
    const message = `${labelOf(this.#options.source)} is another image now (${this.#image}) than for earlier trials of this run (${others.join(", ")}): scores may not compare; \`image: <id>\` names one for good`;
    ctx.emit({ type: "warning", code: "image-changed", message });
  }

  async teardown(): Promise<void> {
    await this.#warm?.close();
  }

  /** Ids of images that this one was when the run recorded it before. */
  #otherImages({ workspace, effects: { files } }: RunContext): readonly string[] {
    const folder = join(workspace.root, "environments");
    const known = (files.list(folder) ?? []).map(({ name }) => parseJson(files.readText(join(folder, name)) ?? ""));
    return known.flatMap((record) => {
      if (!isJsonObject(record) || record.type !== "docker" || typeof record.id !== "string") return [];
      const { image = null, dockerfile = null } = record;
      const isThis = (image ?? dockerfile) === labelOf(this.#options.source);
      return isThis && record.id !== this.#image ? [record.id] : [];
    });
  }

  /** What the image is and what runs it, for records. */
  describe(): JsonObject {
    const { source, network, warm } = this.#options;
    return { ...source, id: this.#image, engine: this.#engine, network, ...(warm ? { warm } : {}) };
  }

  limitTiers(limits: ProcessLimits): LimitTiers {
    return Object.fromEntries(Object.keys(limits).map((name) => [name, "container"]));
  }

  /**
   * A client that waits for its container and removes it, behind a shell that ends both when it is asked to end. In a
   * warm container only the client.
   */
  wrap(command: Command, place: TrialPlace): Command {
    const client = this.#known();
    const { label, name } = containerOf(command.env.AURA_TRIAL);
    const { AURA_TRIAL: _marker, ...all } = { ...this.#options.variables, ...command.env };
    const { CUDA_VISIBLE_DEVICES: devices, ...others } = all;
    const given = this.#options.gpus ? others : all;
    // By the marker of the run the container's processes would be taken for leftovers of this machine.
    const variables = (env: Command["env"]) => [...variableWords(env), "--env", `AURA_TRIAL=${name}`];
    const envOf = (env: Command["env"]) => {
      const passed = Object.entries(env).filter(([key]) => !isClientVariable(key));
      return { ...Object.fromEntries(passed), ...client.env };
    };
    const file = client.program ?? "docker";
    if (this.#options.warm) {
      const { args, env } = execCommand({ ...command, env: given }, place, warmPlace(command.env, label), variables);
      return { file, args, env: { ...envOf(env), ...defined({ CUDA_VISIBLE_DEVICES: devices }) }, cwd: "/" };
    }
    const args = [
      ...["-c", UNTIL_ENDED, name, file, "run", "--rm"],
      ...["--sig-proxy=false", "--name", name, "--label", `${ATTEMPT_LABEL}=${label}`],
      ...this.#words(place, devices),
      ...variables(given),
      ...commandWords(command, this.#image ?? labelOf(this.#options.source)),
    ];
    return { file: "/bin/sh", args, env: envOf(given), cwd: command.cwd };
  }

  /** What a container is made by, besides its name, variables and command. */
  #words(place: TrialPlace, devices: string | undefined): readonly string[] {
    const { effects } = this.#known();
    const hidden = [...(place.hidden ?? []), ...this.#secrets.in(place, effects)];
    return [
      ...containerWords({ ...this.#options, user: this.#user() }),
      ...limitWords(place.limits ?? {}),
      ...(this.#options.gpus ? gpuWords(devices) : []),
      ...placeWords({ ...place, hidden }, this.#options, effects.files),
    ];
  }

  start(jobs: readonly Job[], ctx: RunContext): readonly Handle[] {
    return jobs.map((job) => {
      const { name, label } = containerOf(job.marker);
      if (this.#options.user !== "caller") ctx.effects.files.chmod(job.place.trialDir, 0o777);
      const ref = { container: name, image: this.#image, bootId: ctx.effects.processes.self.bootId };
      if (this.#warm) {
        const place = warmPlace(job.env, label);
        const words = this.#words({ ...job.place, trialDir: place.folder }, job.env.CUDA_VISIBLE_DEVICES);
        const image = ["--entrypoint", "", this.#image ?? labelOf(this.#options.source)];
        return this.#warm.start(job, ref, [...words, ...image], place, ctx.signal);
      }
      // Without the shell, and not removed by itself: what became of it is asked afterwards, by a later AURA too.
      const args = ["run", ...job.args.slice(job.args.indexOf("--rm") + 1)];
      const container = new Container(ref, job, this.#known(), ctx.signal);
      container.run(args, earlierContainer(name));
      return container;
    });
  }

  async #adopt(ref: JsonObject, job: Job, ctx: RunContext): Promise<Handle | null> {
    const { container } = ref;
    if (typeof container !== "string") return null;
    const client = this.#known();
    const format = `{{index .Config.Labels "${ATTEMPT_LABEL}"}} {{.State.StartedAt}}`;
    const { text } = await client.call(["inspect", "--format", format, "--", container], ctx.signal);
    const [label, startedAt = ""] = text.split(" ");
    if (label !== containerOf(job.marker).label) return null;
    const adopted = new Container({ ...ref, container }, job, client, ctx.signal);
    adopted.follow(startedAt);
    return adopted;
  }

  /** Asks the image's shell. An image without one is not asked: the trial's own start will tell. */
  async missing(program: string, { settings, effects, signal }: ProbeContext): Promise<string | null> {
    const client = this.#known();
    const image = this.#image;
    const path = effects.variables.get("PATH") ?? this.#options.variables.PATH;
    if (image === null) return null;
    const { root, inputs } = settings;
    const place = { root, inputs: inputs.map(({ absolutePath }) => absolutePath), libraries: [] };
    const options = { ...this.#options, user: this.#user() };
    const words = [...containerWords(options), ...placeWords(place, this.#options, effects.files)];
    const env = path === undefined ? [] : ["--env", `PATH=${path}`];
    const look = ["-c", 'command -v -- "$1" >&2 || exit 42', "sh", program];
    const args = [
      "run",
      "--rm",
      ...words,
      ...env,
      ...commandWords({ file: "/bin/sh", args: look, cwd: "/", env: {} }, image),
    ];
    const { exitCode } = await client.call(args, signal);
    return exitCode === 42 ? `is not in the image ${labelOf(this.#options.source)}` : null;
  }

  #user(): string | null {
    const { user } = this.#options;
    if (user === "image") return null;
    return user === "caller" ? (this.#known().effects.processes.self.user ?? null) : user;
  }

  #known(): DockerClient {
    if (this.#client === null) throw new Error("a container can be started only after setup");
    return this.#client;
  }
}

/** What a container of this attempt is called, and by what it is known to belong to it: not to one of a copied run. */
function containerOf(marker = "trial/"): { readonly name: string; readonly label: string } {
  const label = marker.slice(0, marker.lastIndexOf("/"));
  return { label, name: `aura-${label.replace(/[^A-Za-z0-9_.-]+/g, "-")}` };
}

/** The container of a trial's slot, and where its folder is meanwhile. `label` is that of the attempt. */
function warmPlace({ AURA_WORKSPACE = "", AURA_SLOT = "0" }: Command["env"], label: string): WarmPlace {
  const { name } = containerOf(`${label.slice(0, label.lastIndexOf("/"))}/warm-${AURA_SLOT}/`);
  return { container: name, folder: join(warmFolder(AURA_WORKSPACE), AURA_SLOT) };
}

/** That of the attempt before: one that was cut short may still be there. */
function earlierContainer(name: string): string | null {
  const [, trial, attempt] = /^(.*\.a)(\d+)$/.exec(name) ?? [];
  return Number(attempt) > 1 ? `${trial}${Number(attempt) - 1}` : null;
}

function labelOf(source: ImageSource): string {
  return "image" in source ? source.image : source.dockerfile;
}

/** The image by its contents: what a tag means may change in the middle of a run. */
async function imageId(
  source: ImageSource,
  client: DockerClient,
  { signal, emit }: Pick<ProbeContext, "signal" | "emit">,
): Promise<string> {
  if ("image" in source) {
    const { image } = source;
    const found = await client.call(["image", "inspect", "--format", "{{.Id}}", image], signal);
    if (found.ok) return found.text;
    throw unusable(`the image ${image} is not on this machine: ${found.said}`, `get it by \`docker pull ${image}\``);
  }
  const { dockerfile } = source;
  // What has not changed docker has kept from the last time.
  const args = ["build", "--quiet", "--file", dockerfile, dirname(dockerfile)];
  const build = () => client.call(args, signal, BUILD_TIMEOUT_MS);
  const built = await preparing(`image of ${basename(dockerfile)}`, build, { emit, clock: client.effects.clock });
  if (built.ok) return built.text;
  throw unusable(
    `no image could be built from ${dockerfile}:\n${built.lastSaid || built.said}`,
    `try \`docker ${args.join(" ")}\``,
  );
}

async function assertPrograms(names: readonly string[], image: string, client: DockerClient, signal: AbortSignal) {
  const look = ["sh", "-c", 'for name do command -v "$name" >&2 || exit; done', "sh", ...names];
  const words = ["--rm", "--pull", "never", "--network", "none", "--entrypoint", "", image];
  const { ok, said } = await client.call(["run", ...words, ...look], signal);
  const needs = `\`warm\` needs ${names.join(", ")} in the image`;
  if (!ok) throw unusable(`${needs}: ${said}`, "leave `warm` out: each trial has a container of its own then");
}

function unusable(problem: string, remedy: string): ToolMissingError {
  return new ToolMissingError("docker", `environment docker: ${problem}\n${remedy}`);
}
