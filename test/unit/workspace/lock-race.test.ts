import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FULL } from "../../support/thorough.ts";
import { temporaryFolder } from "./rig.ts";

const CONTENDERS = FULL ? 12 : 6;
const HERE = dirname(fileURLToPath(import.meta.url));

/** A real process that tries to take locks. */
class Contender {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.child = spawn(process.execPath, ["--import", "tsx", join(HERE, "contender.ts")], {
      stdio: ["pipe", "pipe", "inherit"],
      cwd: HERE,
    });
    const lines: Interface = createInterface({ input: this.child.stdout ?? process.stdin });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async answer(): Promise<string> {
    const { value } = await this.#lines.next();
    return String(value);
  }

  ask(root: string): void {
    this.child.stdin?.write(`${root}\n`);
  }

  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await gone;
  }
}

describe("processes that want the same lock at the same moment", () => {
  let alive: Contender[] = [];

  beforeAll(async () => {
    alive = Array.from({ length: CONTENDERS }, () => new Contender());
    await Promise.all(alive.map((contender) => contender.answer()));
  });

  afterAll(async () => {
    await Promise.all(alive.map((contender) => contender.kill()));
  });

  async function race(root: string): Promise<{ readonly winners: Contender[]; readonly answers: readonly string[] }> {
    for (const contender of alive) contender.ask(root);
    const answers = await Promise.all(alive.map((contender) => contender.answer()));
    return { winners: alive.filter((_, place) => answers[place] === "won"), answers };
  }

  function holder(root: string): number {
    return JSON.parse(readFileSync(join(root, "lock.json"), "utf8")).pid;
  }

  it("have exactly one winner, for a free lock and for that of each winner killed before", async () => {
    const root = temporaryFolder();
    while (alive.length > CONTENDERS / 2) {
      const { winners, answers } = await race(root);
      expect(winners).toHaveLength(1);
      expect(answers.filter((answer) => answer === "locked")).toHaveLength(alive.length - 1);
      expect(holder(root)).toBe(winners[0]?.child.pid);
      expect(readdirSync(root)).toEqual(["lock.json"]);
      await winners[0]?.kill();
      alive = alive.filter((contender) => contender !== winners[0]);
    }
  });

  it("have exactly one winner when a dead owner is followed by dead claimants", async () => {
    const dead = new Contender();
    await dead.answer();
    const [first, second, root] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
    for (const folder of [first, second]) {
      dead.ask(folder);
      expect(await dead.answer()).toBe("won");
    }
    await dead.kill();
    const [owner, claimant] = [first, second].map((folder) => readFileSync(join(folder, "lock.json"), "utf8"));
    writeFileSync(join(root, "lock.json"), owner ?? "");
    writeFileSync(join(root, `.lock-after-${JSON.parse(owner ?? "").token}`), claimant ?? "");
    const { winners } = await race(root);
    expect(winners).toHaveLength(1);
    expect(holder(root)).toBe(winners[0]?.child.pid);
    expect(readdirSync(root)).toEqual(["lock.json"]);
  });
});
