import { expect, test } from "vitest";
import { AURA, desk, spec, start } from "../support/aura.ts";

test("a command that is started in a folder that is gone says so in one sentence", async () => {
  using here = desk({ "tiny.yaml": spec() });
  const commands = [
    ["run", here.join("tiny.yaml")],
    ["inspect", "w"],
    ["inspect", "w", "--json"],
    ["apply", "w"],
  ];
  const ends = await Promise.all(
    commands.map((args, index) => {
      const script = `mkdir gone${index} && cd gone${index} && rmdir ../gone${index} && exec "$@"`;
      return start("sh", ["-c", script, "sh", process.execPath, AURA, ...args], { cwd: here.path }).ended;
    }),
  );
  for (const { code, stderr } of ends) {
    expect(stderr).toMatch(/^aura: the folder that this command was started in is gone: [^\n]*\n$/);
    expect(code).toBe(2);
  }
});
