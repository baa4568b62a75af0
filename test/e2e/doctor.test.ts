import { chmodSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { type Desk, desk } from "../support/aura.ts";
import { DOCKER_IMAGE, docker } from "../support/docker.ts";
import { FULL } from "../support/thorough.ts";
import { bindfs } from "../support/tools.ts";

function project(parts: string): Desk {
  const made = desk({
    "spec.yaml": `version: 1
name: asked
metric: { name: score }
stop: { iterations: 1 }
researcher: { type: search, method: random, num_tasks: 1, space: { x: { type: int, low: 0, high: 2 } } }
experimenter: { type: composed, ${parts} }
`,
  });
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

const inImage = (image: string): string =>
  `environment: { type: docker, image: ${image} }, executor: { type: script, command: "true" }`;

/** A client that has one image and writes down what it is asked; there is no other program where it is. */
const CLIENT = `#!/bin/sh
echo "$@" >> "\${0%/*}/asked"
case "$*" in
  info*) echo "docker 1.2.3, 1 images, limits by cgroup 2" ;;
  version*) echo 1.2.3 ;;
  run*box) ;;
  run*) echo "Unable to find image" >&2; exit 125 ;;
  ps*aura.warm*) printf 'a1\\nb2\\n' ;;
  *) echo sha256:0 ;;
esac
`;

async function askedWithClient(of: Desk, args: readonly string[]): Promise<string> {
  of.write("bin/docker", CLIENT);
  chmodSync(of.join("bin/docker"), 0o755);
  const { stdout } = await of.run(["doctor", ...args], { PATH: of.join("bin") });
  return stdout.split("\n").find((line) => line.includes("environment docker")) ?? stdout;
}

bindfs.test("doctor mounts a folder by bindfs, and says by which version", async () => {
  const of = project('executor: { type: bindfs, command: "true" }');
  const { code, stdout } = await of.run(["doctor", "spec.yaml"]);
  expect(stdout).toMatch(/^works +executor bindfs +bindfs \d.*fusermount3 .*\d: a folder was mounted and unmounted$/m);
  expect(code).toBe(0);
});

test("doctor of a spec runs `true` in a container of its image", async () => {
  const of = project(inImage("box"));
  expect(await askedWithClient(of, ["spec.yaml"])).toMatch(
    /^works .*docker 1\.2\.3.*`true` ran in a container of box$/,
  );
  expect(of.lines("bin/asked")).toContain("run --rm --pull never --network none --entrypoint true box");
});

test("doctor of a spec says when its image does not run", async () => {
  const line = await askedWithClient(project(inImage("crate")), ["spec.yaml"]);
  expect(line).toMatch(/^missing .*`docker run .* crate` failed/);
});

test("doctor without a spec asks the engine, says that no container was tried, and how warm ones are ended", async () => {
  const of = project(inImage("box"));
  expect(await askedWithClient(of, [])).toMatch(
    /^works .*docker 1\.2\.3.*; 2 warm, .*: `docker rm -f \$\(docker ps -aq --filter label=aura\.warm\)`; no container was tried/,
  );
  expect(of.lines("bin/asked").filter((line) => line.startsWith("run "))).toEqual([]);
});

if (FULL) {
  docker.test("doctor runs a real container", async () => {
    const { code, stdout } = await project(inImage(DOCKER_IMAGE)).run(["doctor", "spec.yaml"]);
    expect(stdout).toContain(`\`true\` ran in a container of ${DOCKER_IMAGE}`);
    expect(code).toBe(0);
  });
}
