import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AURA, desk, script, spec, start } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

const FOREIGN_LOCK = JSON.stringify({
  token: "ab".repeat(16),
  pid: 7,
  bootId: "elsewhere",
  host: "another-host",
  acquiredAt: "2026-01-31T12:00:00.000Z",
});

const NAMESPACE = ["--fork", "--pid", "--mount-proc"];
const hasNamespaces = spawnSync("unshare", [...NAMESPACE, "true"]).status === 0;

describe("a lock whose owner cannot be looked up", () => {
  test("is waited for with a word on stderr, and a stop meanwhile tells how to go on", async () => {
    using here = desk({ "tiny.yaml": spec() });
    expect((await here.run(["run", "tiny.yaml"])).code).toBe(0);
    here.write("runs/tiny/lock.json", FOREIGN_LOCK);
    const live = here.start(["resume", "runs/tiny", "--set", "stop.iterations=2"]);
    const said = await live.until(/at most.*\n/, "stderr");
    expect(said).toContain("process 7 on another-host since 2026-01-31T12:00:00.000Z");
    expect(said).toContain("30 s at most");
    live.kill("SIGINT");
    const end = await live.ended;
    expect(end.code).toBe(130);
    expect(end.stdout).toBe("");
    expect(end.stderr).toMatch(/aura resume runs\/tiny$/m);
    expect(here.read("runs/tiny/lock.json")).toBe(FOREIGN_LOCK);
  });

  (hasNamespaces ? thorough : test.skip)(
    "is respected when it is of another process namespace, and its trials go on",
    async () => {
      const hang = script('while [ -e "$AURA_ROOT/hang" ]; do sleep 0.05; done; echo score=$1');
      using here = desk({ hang: "", "tiny.yaml": spec({ experimenter: hang }) });
      const inside = [...NAMESPACE, process.execPath, AURA, "run", "tiny.yaml"];
      const live = start("unshare", inside, { cwd: here.path });
      await live.until("trial.started");
      const outside = await here.run(["resume", "runs/tiny"]);
      expect(outside.code).toBe(3);
      expect(outside.stderr).toContain("end it where it runs");
      rmSync(here.join("hang"));
      const { code, stdout } = await live.ended;
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/leftovers|cancelled/);
    },
  );
});
