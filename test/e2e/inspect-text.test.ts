import { beforeAll, describe, expect, test } from "vitest";
import { eventsOf, script, sharedDesk, spec } from "../support/aura.ts";

describe("inspect of a finished run", () => {
  const here = sharedDesk({
    "tiny.yaml": spec({ experimenter: script("printf '\\033[2J\\033[31mred\\033[0m text\\n'; echo score=$1") }),
  });
  beforeAll(async () => {
    expect((await here.run(["run", "tiny.yaml", "--workspace", "w"])).code).toBe(0);
  });

  test("logs leaves no trace of escape sequences", async () => {
    const { stdout } = await here.run(["inspect", "w", "logs", "i00001-h000"]);
    expect(stdout).toMatch(/^red text$/m);
    expect(JSON.stringify(await here.document(["inspect", "w", "logs", "i00001-h000", "--json"]))).toContain(
      '"red text',
    );
  });

  test("events are lines for people, the same as with --follow", async () => {
    const { stdout } = await here.run(["inspect", "w", "events"]);
    expect(stdout).toMatch(/^\S+Z info run\.started /);
    expect(stdout).toMatch(/info run\.finished .*\n$/);
    expect((await here.run(["inspect", "w", "events", "--follow"])).stdout).toBe(stdout);
  });

  test("--follow --json begins with the summary, and ends at once when nothing more can come", async () => {
    const lines = eventsOf(await here.run(["inspect", "w", "--json", "--follow"]));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ type: "run.summary", summary: { status: "finished", name: "tiny" } });
  });
});
