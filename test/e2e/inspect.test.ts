import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { BestView, SummaryView } from "../../src/model/views.ts";
import { AURA, type AuraEnd, grid, script, sharedDesk, spec } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

const hasJq = spawnSync("jq", ["--version"]).status === 0;

describe("aura inspect", () => {
  const here = sharedDesk({
    "done.yaml": spec({
      name: "done",
      metric: "{ name: score, baseline: 1 }",
      researcher: grid(3),
      experimenter: script("[ $1 != 1 ] || exit 3; echo score=$1; echo to-stderr >&2"),
      more: "reviewer: { type: stats }",
    }),
    // The last trial waits for a file: the run is live for as long as the test needs.
    "live.yaml": spec({
      name: "live",
      researcher: grid(3),
      experimenter: script('while [ $1 = 2 ] && [ ! -e "$AURA_ROOT/go" ]; do sleep 0.02; done; echo score=$1'),
    }),
  });
  beforeAll(async () => {
    await here.run(["run", "done.yaml"]);
  });

  test("--json | jq .best works while the run is live and from a read-only copy", async () => {
    const live = here.start(["run", "live.yaml"]);
    await live.until("best.improved id=i00001-h001");
    const seen = await here.document<SummaryView>(["inspect", "runs/live", "--json"]);
    cpSync(here.join("runs/live"), here.join("copy"), { recursive: true });
    makeReadOnly(here.join("copy"));
    const before = listing(here.join("copy"));
    const copied = await here.document<SummaryView>(["inspect", "copy", "--json"]);
    const piped = hasJq
      ? execFileSync("sh", ["-c", `"${process.execPath}" "${AURA}" inspect runs/live --json | jq .best`], {
          cwd: here.path,
          encoding: "utf8",
        })
      : JSON.stringify(seen.best);
    here.write("go", "");
    expect((await live.ended).code).toBe(0);
    const best: BestView = { id: "i00001-h001", label: null, score: 1, passed: true, spec: { x: 1 } };
    expect(seen).toMatchObject({ status: "running", best });
    expect(copied.best).toEqual(best);
    expect(listing(here.join("copy"))).toEqual(before);
    expect(JSON.parse(piped)).toEqual(best);
    const after = await here.document<SummaryView>(["inspect", "runs/live", "--json"]);
    expect(after).toMatchObject({ status: "finished", best: { id: "i00001-h002", score: 2 } });
  });

  const views: readonly (readonly [view: readonly string[], text: RegExp, key: string])[] = [
    [[], /done.*score/s, "best"],
    [["summary"], /i00001-h002/, "totals"],
    [["hypotheses"], /i00001-h000.*i00001-h001.*i00001-h002/s, "hypotheses"],
    [["best"], /i00001-h002/, "best"],
    [["show", "i00001-h001"], /exit code 3|exited with 3|code 3/, "evaluation"],
    [["show", "i00001-h002-t00"], /i00001-h002-t00/, "trial"],
    [["insights"], /i00001-h002|Best/, "insights"],
    [["calls"], /no|call/, "calls"],
    [["logs", "i00001-h002"], /score=2.*to-stderr/s, "logs"],
    [["events"], /info run\.started .*info run\.finished /s, "events"],
  ];
  test.each(views)("%j answers in text and as one document", async (view, text, key) => {
    const said: AuraEnd = await here.run(["inspect", "runs/done", ...view]);
    expect(said).toMatchObject({ code: 0, stderr: "" });
    expect(said.stdout).toMatch(text);
    expect(said.stdout).not.toContain("\u001b");
    expect(await here.document<object>(["inspect", "runs/done", ...view, "--json"])).toHaveProperty(key);
  });

  test("best is null where nothing was scored", async () => {
    here.write("none.yaml", spec({ name: "none", experimenter: script("true") }));
    await here.run(["run", "none.yaml"]);
    expect(await here.document(["inspect", "runs/none", "best", "--json"])).toEqual({ best: null });
    expect((await here.document<SummaryView>(["inspect", "runs/none", "--json"])).best).toBeNull();
    expect((await here.run(["inspect", "runs/none", "best"])).code).toBe(0);
  });

  test("leaves the workspace as it is", async () => {
    const before = listing(here.join("runs/done"));
    for (const [view] of views.slice(0, 5)) await here.run(["inspect", "runs/done", ...view]);
    expect(listing(here.join("runs/done"))).toEqual(before);
  });

  thorough.each([
    [["bests"], /did you mean "best"/],
    [["show"], /takes an id/],
    [["show", "i00009-h000"], /i00009-h000/],
    [["show", "../../etc/passwd"], /etc/],
    [["best", "i00001-h000"], /takes no id/],
    [["artifacts"], /artifacts/],
    [["diff", "best"], /two states/],
  ])("%j is told to be wrong with 2", async (view, said) => {
    const { code, stderr, stdout } = await here.run(["inspect", "runs/done", ...view]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(said);
  });
});

function makeReadOnly(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" }).reverse())
    chmodSync(join(folder, entry), 0o555);
  chmodSync(folder, 0o555);
}

function listing(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => `${name} ${statSync(join(folder, name)).mtimeMs} ${statSync(join(folder, name)).size}`);
}
