import { describe, expect, test } from "vitest";
import { type AuraEnd, spec, testDesk } from "../support/aura.ts";
import { thorough } from "../support/thorough.ts";

const SECRET = "s3cret-w0rd-of-mine";

const here = testDesk({
  "secret.yaml": spec({
    experimenter: `{ type: script, command: [sh, -c, 'echo "have $TOKEN"; echo "$TOKEN" >&2; echo score=$1', sh, "{x}"], env: { TOKEN: "\${TOKEN}" } }`,
    more: 'goal: "beat ${TOKEN}"\nchecks: [{ name: look, command: [sh, -c, "echo checked $TOKEN", "${TOKEN}"] }]',
  }),
  "broken.yaml": spec({
    experimenter: `{ type: script, command: ["${"$"}{TOKEN}/no-such-program"] }`,
  }),
});

const run = (...args: readonly string[]): Promise<AuraEnd> => here.run(args, { TOKEN: SECRET });
const shown = ({ stdout, stderr }: AuraEnd): string => stdout + stderr;

describe("a variable whose name says secret", () => {
  const printing = (more: string): string =>
    spec({
      experimenter: `{ type: script, command: "sh -c 'echo key=$MY_API_KEY gpu=$CUDA_VISIBLE_DEVICES; echo score: 1'"${more} }`,
    });
  const variables = { MY_API_KEY: SECRET, CUDA_VISIBLE_DEVICES: "2" };
  const logs = async (): Promise<string> =>
    shown(await here.run(["inspect", "runs/tiny", "logs", "i00001-h000-t00"], variables));

  test("does not reach trials, which is said once, while all others do", async () => {
    here.write("kept.yaml", printing(""));
    const end = await here.run(["run", "kept.yaml", "--reporter", "plain"], variables);
    expect(end.code).toBe(0);
    expect(shown(end).match(/not given MY_API_KEY, .*pass_env: \[MY_API_KEY\]/g)).toHaveLength(1);
    expect(await logs()).toContain("key= gpu=2");
  });

  test("is hidden wherever it could be seen, when the spec lets it through", async () => {
    here.write("passed.yaml", printing(", pass_env: [MY_API_KEY]"));
    const end = await here.run(["run", "passed.yaml", "--reporter", "plain"], variables);
    expect(shown(end)).not.toContain("MY_API_KEY");
    expect(await logs()).toContain("key=[redacted] gpu=2");
  });
});

describe("a value that a spec takes from the environment", () => {
  test.each([[[]], [["--json"]], [["--dry-run"]], [["--dry-run", "--json"]]])(
    "is not shown by run %j",
    async (flags) => {
      const end = await run("run", "secret.yaml", ...flags);
      expect(end.code).toBe(0);
      expect(shown(end)).not.toContain(SECRET);
    },
  );

  thorough("is not shown by any look at the run afterwards", async () => {
    await run("run", "secret.yaml");
    for (const view of ["summary", "hypotheses", "events", "logs"]) {
      const id = view === "logs" ? ["i00001-h000-t00"] : [];
      const end = await run("inspect", "runs/tiny", view, ...id);
      expect(shown(end)).not.toContain(SECRET);
    }
    expect((await run("inspect", "runs/tiny", "logs", "i00001-h000-t00")).stdout).toContain("have [redacted]");
    expect((await run("resume", "runs/tiny")).code).toBe(0);
  });

  test("is not shown where it makes the run fail", async () => {
    for (const flags of [[], ["--dry-run"]]) {
      const end = await run("run", "broken.yaml", ...flags);
      expect(shown(end)).toContain("[redacted]/no-such-program");
      expect(shown(end)).not.toContain(SECRET);
    }
  });
});
