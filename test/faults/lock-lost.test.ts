import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { realPlace } from "./support/real.ts";
import { essenceOf } from "./support/reference-model.ts";
import { differences } from "./support/tree.ts";

describe("a writer that was stopped and lost its lock meanwhile", () => {
  test("ends with 3 before its next write", async () => {
    using place = realPlace();
    place.write("hang", "");
    const live = place.start({}, ["--grace", "100ms"]);
    // Both trials hang and are recorded with their processes: the command is in the middle of nothing.
    await until("two trials that hang", () => (place.read("hanging.log") ?? "").split("\n").length === 3);
    await until("their records", () => isSettled(`${place.workspace}/iterations/00000/trials`, 2));
    live.kill("SIGSTOP");
    const lock = `${place.workspace}/lock.json`;
    const before = essenceOf(place.workspace);
    const journal = readFileSync(`${place.workspace}/journal.jsonl`, "utf8");
    const theirs = readFileSync(lock, "utf8").replace(/"token": "[0-9a-f]+"/, `"token": "${"cd".repeat(16)}"`);
    rmSync(lock);
    writeFileSync(lock, theirs);
    rmSync(place.join("hang"));
    live.kill("SIGCONT");
    live.kill("SIGINT");
    const end = await live.ended;
    expect(end.code).toBe(3);
    expect(end.stderr).toContain("was taken over");
    // What the trials print goes on: they are not ended by one who has lost the run.
    const written = differences(before, essenceOf(place.workspace));
    expect(written.filter((line) => !/\.running\//.test(line))).toEqual([]);
    expect(readFileSync(`${place.workspace}/journal.jsonl`, "utf8")).toBe(journal);
    expect(readFileSync(lock, "utf8")).toBe(theirs);
  });
});

/** Whether so many running trials are recorded with their processes, and nothing is being written beside them. */
function isSettled(trials: string, running: number): boolean {
  const names = readdirSync(trials);
  if (names.some((name) => name.startsWith("."))) return false;
  const records = names
    .filter((name) => name.endsWith(".json"))
    .map((name) => readFileSync(`${trials}/${name}`, "utf8"));
  return records.filter((text) => text.includes('"pid"') && text.includes('"state": "started"')).length === running;
}
