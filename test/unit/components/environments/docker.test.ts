import { expect, test } from "vitest";
import { DockerEnvironment, type DockerOptions } from "../../../../src/components/environments/index.ts";
import { isAuraError } from "../../../../src/kernel/errors.ts";
import type { Command } from "../../../../src/kernel/ports.ts";
import { systemEffects } from "../../../../src/platform/system.ts";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";

/** The command of a trial as it is started, in a project that is called `a,"b`. */
function wrapped(options: Partial<DockerOptions> = {}, env: Command["env"] = {}) {
  using dir = temporaryDirectory();
  const root = dir.join('a,"b');
  for (const path of ["x.py", ".env", "runs/r/run.json", "runs/r/iterations/i", "runs/r/t/params.json"])
    dir.write(`a,"b/${path}`, "");
  const { starter } = new DockerEnvironment({ image: "some:tag", ...options }, systemEffects());
  const trialDir = `${root}/runs/r/t`;
  const command = { file: "--privileged", args: ["-v", "/:/host"], env: { HOME: trialDir, ...env }, cwd: root };
  return {
    root,
    ...starter.wrap(command, { root, inputs: [], libraries: [], trialDir, limits: { memoryBytes: 7, cpuSeconds: 2 } }),
  };
}

test("nothing of a command is an option of docker's", () => {
  const { args } = wrapped();
  expect(args.slice(-6)).toEqual(["--entrypoint", "", "some:tag", "--privileged", "-v", "/:/host"]);
});

test("the project is read-only, secrets and workspaces are hidden, and the trial's folder can be written", () => {
  const { root, args } = wrapped();
  const mounts = args.filter((_, at) => args[at - 1] === "--mount");
  const field = (key: string, path: string) => `"${key}=${`${root}${path}`.replaceAll('"', '""')}"`;
  expect(mounts).toEqual([
    `type=bind,${field("src", "")},${field("dst", "")},readonly`,
    `type=bind,src=/dev/null,${field("dst", "/.env")},readonly`,
    `type=tmpfs,${field("dst", "/runs")},tmpfs-size=65536,readonly`,
    `type=bind,${field("src", "/runs/r/t")},${field("dst", "/runs/r/t")}`,
  ]);
});

test("values of variables stand in no argument, but for those that the client would take for its own", () => {
  const { args, env } = wrapped({}, { TOKEN: "secret", DOCKER_HOST: "tcp://trial" });
  const given = args.filter((_, at) => args[at - 1] === "--env");
  expect(given).toEqual(expect.arrayContaining(["TOKEN", "DOCKER_HOST=tcp://trial"]));
  expect(args.join(" ")).not.toContain("secret");
  expect(env).toMatchObject({ TOKEN: "secret" });
  expect(env.DOCKER_HOST).toBe(process.env.DOCKER_HOST);
});

test("limits are docker's, and a trial's own devices are all that it sees", () => {
  const { args } = wrapped({ gpus: true }, { CUDA_VISIBLE_DEVICES: "1,3" });
  const line = args.join(" ");
  expect(line).toContain("--memory 7 --memory-swap 7 --pids-limit 4096");
  // Its first signal tells what was reached; with one limit for both it is killed without a word.
  expect(line).toContain("--ulimit cpu=2:3");
  expect(line).toContain('--gpus "device=1,3"');
  expect(line).not.toContain("--env CUDA_VISIBLE_DEVICES");
});

test("one of an image and a Dockerfile is given", () => {
  for (const options of [{}, { image: "a", dockerfile: "b" }]) {
    expect(() => new DockerEnvironment(options)).toThrow("give either `image` or `dockerfile`");
  }
  try {
    new DockerEnvironment({ image: "-v" });
    expect.unreachable();
  } catch (error) {
    expect(isAuraError(error)).toBe(true);
  }
});
