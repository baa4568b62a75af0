import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Attempted, attackTable, target } from "../support/attacked.ts";
import { DOCKER_IMAGE, docker } from "../support/docker.ts";
import { FULL, thorough } from "../support/thorough.ts";
import { bwrap } from "../support/tools.ts";

const PAGE = "docs/executors.md";

/** To root only a control group limits processes; elsewhere that is a warning. */
function isHeld({ tiers }: Attempted): boolean {
  return !tiers.includes("none");
}

/** Those that did not come to nothing, or are not recorded as what they were. */
function wrong(attempted: readonly Attempted[]): readonly string[] {
  return attempted
    .filter((attempt) => isHeld(attempt) || attempt.attack.name !== "fork-bomb")
    .filter(({ won, status, expected }) => won || status !== expected)
    .map(({ attack, status, said }) => `${attack.name}: ${status}: ${said.slice(0, 500)}`);
}

/** Holds when the page has this table; writes it there when `AURA_WRITE_DOCS` is set. */
function inThePage(name: string, table: string): void {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [`<!-- attacks: ${name} -->\n\n`, "\n\n<!-- /attacks -->"];
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end, from);
  if (process.env.AURA_WRITE_DOCS) writeFileSync(PAGE, page.slice(0, from) + table + page.slice(to));
  else expect(page.slice(from, to)).toBe(table);
}

/** Processes of the machine that run this program with this argument. */
function processesOf(command: string): string {
  return execFileSync("sh", ["-c", `pgrep -fx '${command}' || true`], { encoding: "utf8" });
}

/** Tries them all and holds when none wins, and the page on executors says so; in a short run those around a trial alone. */
async function resists(name: string, ...options: Parameters<typeof target>): Promise<void> {
  const { around, excesses, results, values, desk } = await target(...options);
  const attempted = [...(await around())];
  expect(wrong(attempted)).toEqual([]);
  expect(desk.read("train.txt")).toBe("train");
  expect(desk.read("data/input.txt")).toBe("data");
  const daemon = attempted.findIndex(({ attack }) => attack.name === "leave-daemon") + 1;
  const beat = desk.join(`runs/around/iterations/00001/trials/i00001-h0${daemon}-t00.a1/beat`);
  const beaten = statSync(beat).mtimeMs;
  if (!FULL) return;
  for (const more of [excesses, results, values]) attempted.push(...(await more()));
  expect(wrong(attempted)).toEqual([]);
  expect(statSync(beat).mtimeMs).toBe(beaten);
  expect(processesOf("sleep 1000")).toBe("");
  inThePage(name, attackTable(attempted));
}

bwrap.test("no attack from inside a sandbox wins", () => resists("bwrap", "type: bwrap, tmp: 64M"), 120_000);

const inDocker = `type: docker, image: ${DOCKER_IMAGE}, tmp: 64M`;
(FULL ? docker.test : test.skip)(
  "no attack from inside a container wins",
  () => resists("docker", "type: script", inDocker, "15s"),
  300_000,
);

(FULL ? docker.test : test.skip)(
  "nor from inside a warm container, but that one ends with who kills all in it",
  async () => {
    const { around, excesses, results, values } = await target("type: script", `${inDocker}, warm: true`, "15s");
    const attempted: Attempted[] = [];
    for (const some of [around, excesses, results, values]) attempted.push(...(await some()));
    expect(wrong(attempted)).toEqual([expect.stringMatching(/^kill-parent: signal: (?!WON)/)]);
    expect(processesOf("sleep 1000")).toBe("");
  },
  300_000,
);

thorough("the same attacks win where there is no sandbox", async () => {
  const names = [
    "make-in-project",
    "read-env-file",
    "read-workspace",
    "read-other-trial",
    "write-record",
    "read-answers",
    "read-home",
  ];
  const dials = ["dial-loopback", "dial-socket", "dial-abstract"];
  const { around } = await target("type: script");
  const attempted = await around([...names, ...dials]);
  expect(attempted.filter(({ won }) => won)).toHaveLength(names.length + dials.length);
});
