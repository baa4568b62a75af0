import { resolve } from "node:path";
import { defineComponent } from "../../../kernel/define.ts";
import type { Effects } from "../../../kernel/effects.ts";
import { SpecError } from "../../../kernel/errors.ts";
import { assertOptions, inSchema, POSITIVE } from "../../../kernel/given-options.ts";
import type { ExecutionEnvironment, PreparedEnvironment } from "../../../kernel/ports.ts";
import { defined } from "../../../model/json.ts";
import { parseSize } from "../../../model/units.ts";
import { SIZE_LIMIT } from "../../../schema/dialect.ts";
import { absoluteMounts, MOUNT, type Mount } from "../../mounts.ts";
import { runTool } from "../../tool.ts";
import { DockerStarter, INSTALL } from "./starter.ts";
import { RUN_LABEL } from "./warm.ts";

const dockerProperties = {
  image: {
    type: "string",
    pattern: "^[A-Za-z0-9][A-Za-z0-9._/:@-]*$",
    "x-expected": "the name or the id of an image",
    "x-secret": false,
    description: "The image, by name, tag, digest or id. It has to be on this machine: nothing is pulled.",
  },
  dockerfile: {
    type: "string",
    minLength: 1,
    "x-path": "file",
    description: "Instead: the Dockerfile that the image is built from, in its own folder, before the run.",
  },
  network: {
    type: "string",
    pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
    "x-expected": "`none`, `bridge`, `host` or the name of a network",
    "x-secret": false,
    default: "none",
    description: "`none`: a loopback of its own and nothing else. Or `bridge`, `host`, or a network of docker's.",
  },
  mounts: {
    type: "array",
    items: MOUNT,
    description:
      "What trials see of this machine besides the project and their own folder, at the same path and read-only.",
  },
  user: {
    type: "string",
    pattern: "^(?:caller|image|[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?)$",
    "x-expected": "`caller`, `image`, or a user, as in `1000:1000`",
    "x-secret": false,
    default: "caller",
    description: "Whom trials run as: `caller` (you), `image` (as the image says), or a user and group.",
  },
  volumes: {
    type: "object",
    additionalProperties: { type: "string", pattern: "^/", "x-expected": "an absolute path", "x-secret": false },
    propertyNames: { pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$", "x-expected": "the name of a volume" },
    description:
      "Volumes of docker's by name, and where they are seen. Trials write to them, and find what others wrote.",
  },
  variables: {
    type: "object",
    additionalProperties: { type: "string" },
    propertyNames: {
      pattern: "^(?!AURA_)[A-Za-z_][A-Za-z0-9_]*$",
      "x-expected": "a name that does not begin with AURA_",
    },
    description: "Variables of all containers, as they are. Those of the executor's `env` count more.",
  },
  gpus: {
    type: "boolean",
    default: false,
    description:
      "Show GPUs, by the NVIDIA Container Toolkit: those that the experimenter's `gpus` or `CUDA_VISIBLE_DEVICES` names, else all.",
  },
  warm: {
    type: "boolean",
    default: false,
    description:
      "Start trials by `docker exec` in one container for each slot of the run: faster, and with less between them.",
  },
  tmp: { ...SIZE_LIMIT, default: "1G", description: "Most that /tmp and /dev/shm, which are memory, hold each." },
} as const;

/** Options of containers in code. One of `image` and `dockerfile` has to be there; paths are read from the current folder. */
export interface DockerOptions {
  readonly image?: string;
  readonly dockerfile?: string;
  /** Default `none`. */
  readonly network?: string;
  readonly mounts?: readonly (string | Mount)[];
  /** Default `caller`. */
  readonly user?: string;
  readonly volumes?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  /** Default `false`. */
  readonly gpus?: boolean;
  /** One container for each slot of the run, in which trials are started one after the other; default `false`. */
  readonly warm?: boolean;
  /** Bytes of /tmp and of /dev/shm; default 1 GiB. */
  readonly tmpBytes?: number;
}

const { tmp: _tmp, ...same } = inSchema(dockerProperties);

/**
 * Each trial and check runs in a container of its own: without network, with the project read-only, and with nothing of
 * this machine but its own folder to write to. Throws `ToolMissingError` before a run where that cannot be had.
 */
export class DockerEnvironment implements ExecutionEnvironment {
  readonly starter: DockerStarter;

  constructor(options: DockerOptions, effects?: Effects) {
    assertOptions("DockerEnvironment", options, { ...same, tmpBytes: POSITIVE });
    const { image, dockerfile, network = "none", mounts = [], user = "caller", volumes = {}, variables = {} } = options;
    const [wrong] = wrongOptions(options);
    if (wrong) throw new SpecError(`DockerEnvironment: ${wrong.message}`);
    const source = dockerfile === undefined ? { image: image ?? "" } : { dockerfile: resolve(dockerfile) };
    const absolute = absoluteMounts(mounts, (path) => resolve(path));
    const { gpus = false, warm = false } = options;
    const tmpBytes = options.tmpBytes ?? parseSize(dockerProperties.tmp.default);
    this.starter = new DockerStarter(
      { source, network, mounts: absolute, user, volumes, variables, gpus, warm, tmpBytes },
      effects,
    );
  }

  async prepare(): Promise<PreparedEnvironment> {
    return { wrap: (command) => command, description: { type: "docker", ...this.starter.describe() } };
  }
}

function wrongOptions({
  image,
  dockerfile,
  warm,
  user = "caller",
}: Pick<DockerOptions, "image" | "dockerfile" | "warm" | "user">): readonly { path: string; message: string }[] {
  if ((image === undefined) === (dockerfile === undefined))
    return [{ path: image === undefined ? "image" : "dockerfile", message: "give either `image` or `dockerfile`" }];
  // Folders of another user's could not be moved out of it.
  if (warm && user !== "caller") return [{ path: "user", message: "`warm` goes with `user: caller` only" }];
  return [];
}

const WARM_ONES = ["ps", "-aq", "--filter", `label=${RUN_LABEL}`];

/** Those of a killed AURA stay until its run is resumed. */
function warmOnes(ids: string): string {
  if (ids === "") return "";
  const count = ids.split("\n").length;
  return `; ${count} warm, to be ended when no run goes on: \`docker rm -f $(docker ${WARM_ONES.join(" ")})\``;
}

export const dockerEnvironment = defineComponent({
  kind: "environment",
  type: "docker",
  summary: "Each trial runs in a container of its own: no network, read-only project, its own folder to write to.",
  options: { type: "object", properties: dockerProperties, additionalProperties: false },
  doctor: async (ctx, options) => {
    const image = options?.image;
    const docker = (args: readonly string[], hint: string) =>
      runTool({ file: "docker", args, hint, timeoutMs: 60_000 }, ctx);
    const format = "docker {{.ServerVersion}}, {{.Images}} images, limits by cgroup {{.CgroupVersion}}";
    const engine = `${await docker(["info", "--format", format], INSTALL)}${warmOnes(await docker(WARM_ONES, INSTALL))}`;
    if (image === undefined) return `${engine}; no container was tried: that takes a spec which names an image`;
    const words = ["--rm", "--pull", "never", "--network", "none", "--entrypoint", "true"];
    await docker(["run", ...words, image], `see that the image is there (\`docker pull ${image}\`) and has \`true\``);
    return `${engine}: \`true\` ran in a container of ${image}`;
  },
  example: { image: "python:3.13-slim", network: "none", user: "caller", gpus: false, warm: false, tmp: "1G" },
  create: ({ dockerfile, mounts = [], tmp, ...options }, { effects, resolvePath }) =>
    new DockerEnvironment(
      {
        ...options,
        ...defined({ dockerfile: dockerfile === undefined ? undefined : resolvePath(dockerfile) }),
        mounts: absoluteMounts(mounts, resolvePath),
        tmpBytes: parseSize(tmp),
      },
      effects,
    ),
  check: wrongOptions,
});
