import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { components } from "../../../src/cli/components.ts";
import { errorDocument } from "../../../src/cli/errors.ts";
import { inspect } from "../../../src/cli/inspect.ts";
import { main, program } from "../../../src/cli/main.ts";
import { guarded, ownStdout } from "../../../src/cli/output.ts";
import { repair } from "../../../src/cli/repair.ts";
import { rollback } from "../../../src/cli/rollback.ts";
import { schema } from "../../../src/cli/schema.ts";
import {
  ERROR_CODES,
  RunFailedError,
  RunnerError,
  SpecError,
  StorageError,
  ToolMissingError,
  UsageError,
  WorkspaceError,
} from "../../../src/kernel/errors.ts";
import { CommandError } from "../../../src/platform/command.ts";
import { jsonDocument } from "../../../src/reporters/jsonl.ts";
import { REPOSITORY } from "../../support/documents.ts";
import { misfits, type Said, saidBy } from "../../support/outputs.ts";
import { startedWorkspace, temporaryFolder, writeIteration } from "../workspace/rig.ts";

afterEach(() => {
  process.exitCode = undefined;
  vi.unstubAllEnvs();
});

interface ErrorLike {
  readonly error: {
    readonly code: string;
    readonly exitCode: number;
    readonly message: string;
    readonly details: string;
  };
}

/** The one error document on standard output, after it is seen to fit its schema and to say what stderr says. */
function errorOf({ answer, stdout, stderr }: Said<unknown>): ErrorLike["error"] {
  const document: ErrorLike = JSON.parse(stdout);
  expect(misfits("error-output", document)).toEqual([]);
  expect(document.error.exitCode).toBe(answer);
  expect(stderr).toContain(document.error.message);
  return document.error;
}

/** Runs the command line in this process. */
async function commandLine(...args: string[]): Promise<Said<unknown>> {
  // A listener of each command line would stay with this process's streams.
  const streams = [process.stdout, process.stderr].map((one) => vi.spyOn(one, "on").mockReturnValue(one));
  const said = await saidBy(() => main(args));
  for (const spy of streams) spy.mockRestore();
  return { ...said, answer: process.exitCode };
}

describe("an error under --json", () => {
  test.each([
    ["an unknown option", ["inspect", "w", "--foo", "--json"], "unknown option '--foo'", "aura inspect --help"],
    ["a missing argument", ["validate", "--json"], "missing required argument 'spec'", "aura validate --help"],
    ["a missing option", ["rollback", "w", "--json"], "required option '--to <state>' not specified", "aura rollback"],
    ["an unknown command", ["inspct", "w", "--json"], "unknown command 'inspct'", "aura --help"],
    ["an option where there is none", ["schema", "--json"], "unknown option '--json'", "aura schema --help"],
    ["too many arguments", ["repair", "w", "x", "--json"], "too many arguments", "aura repair --help"],
  ])("for a command line with %s is one document on stdout beside the words on stderr", async (_, args, what, help) => {
    const error = errorOf(await commandLine(...args));
    expect(error).toMatchObject({ code: "USAGE_INVALID", exitCode: 2, message: expect.stringContaining(what) });
    expect(error.details).toContain(help);
  });

  test("is told when the environment asks for JSON, and not when nothing does", async () => {
    expect((await commandLine("validate")).stdout).toBe("");
    expect((await commandLine("repair", "--foo", "--", "--json")).stdout).toBe("");
    vi.stubEnv("AURA_JSON", "1");
    expect(errorOf(await commandLine("validate")).message).toContain("missing required argument");
    const { stdout, answer } = await commandLine();
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "USAGE_INVALID", exitCode: answer } });
  });

  test("for a command line of run is the last line of its frame", async () => {
    const { stdout, answer } = await commandLine("run", "--foo", "--json");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line): { type: string } => JSON.parse(line));
    expect(lines.flatMap((line) => misfits("run-output", line))).toEqual([]);
    expect(lines.map(({ type }) => type)).toEqual(["run.started", "run.finished"]);
    expect(lines[1]).toMatchObject({ exitCode: answer, error: { code: "USAGE_INVALID", exitCode: 2 } });
  });

  test("for a place without a run, a wrong view, a wrong id, a wrong kind exits with 2", async () => {
    const { root } = await startedWorkspace();
    const json = { json: true };
    for (const [code, action] of [
      ["WORKSPACE_NOT_FOUND", () => inspect(join(root, "nowhere"), "summary", [], json)],
      ["USAGE_INVALID", () => inspect(root, "bests", [], json)],
      ["USAGE_INVALID", () => inspect(root, "show", [], json)],
      ["WORKSPACE_USAGE", () => inspect(root, "show", ["i00009-h000"], json)],
      ["WORKSPACE_USAGE", () => rollback(root, { to: "best", json: true })],
      ["USAGE_INVALID", () => components("evalator", undefined, json)],
    ] as const) {
      const said = await saidBy(action);
      expect(errorOf(said)).toMatchObject({ code, exitCode: 2 });
    }
  });

  test("for a damaged record exits with 4 and names the file", async () => {
    const workspace = await startedWorkspace();
    writeIteration(workspace, 1, [0.5]);
    const file = join(workspace.root, "iterations/00001/hypotheses/i00001-h000.json");
    writeFileSync(file, "{");
    const error = errorOf(await saidBy(() => inspect(workspace.root, "hypotheses", [], { json: true })));
    expect(error).toMatchObject({ code: "WORKSPACE_DAMAGED", exitCode: 4, file });
    expect(error.details).toContain("aura repair");
  });

  test("for a workspace that is in use exits with 3", async () => {
    const { root } = await startedWorkspace();
    writeFileSync(join(root, ".run.json.5-5.tmp"), "{");
    const error = errorOf(await saidBy(() => repair(root, { json: true, apply: true })));
    expect(error).toMatchObject({ code: "WORKSPACE_LOCKED", exitCode: 3 });
  });

  test("is one line where lines are written, and nothing at all without --json", async () => {
    const nowhere = join(temporaryFolder(), "nowhere");
    const line = await saidBy(() => inspect(nowhere, "summary", [], { json: true, follow: true }));
    expect(line.stdout).toMatch(/^\{.*\}\n$/);
    expect(misfits("inspect-follow-output", JSON.parse(line.stdout))).toEqual([]);
    expect((await saidBy(() => inspect(nowhere, "summary", [], {}))).stdout).toBe("");
  });

  test("reaches standard output whoever has taken it", async () => {
    const said = await saidBy(() =>
      guarded({ json: true }, async () => {
        using _ = ownStdout(() => undefined);
        throw new WorkspaceError("lock-lost", "another process has the workspace");
      }),
    );
    expect(errorOf(said)).toMatchObject({ code: "WORKSPACE_LOCK_LOST", exitCode: 3 });
  });

  test("that nobody foresaw has its stack in the details", async () => {
    const said = await saidBy(() =>
      guarded({ json: true }, async () => {
        throw new TypeError("x is not a function");
      }),
    );
    const error = errorOf(said);
    expect(error).toMatchObject({ code: "INTERNAL_ERROR", exitCode: 1 });
    expect(error.details).toContain("TypeError: x is not a function\n");
  });

  test("of each class fits the schema, and no character of it acts on a terminal", () => {
    const diagnostic = { path: "a.b", message: "wrong", file: "s.yaml", line: 1, column: 2, excerpt: "a: 1\n^" };
    const thrown = [
      new UsageError("u"),
      new SpecError("s.yaml has an error\n\nwhere", [diagnostic]),
      new CommandError("c"),
      ...(["not-found", "exists", "usage", "locked", "lock-lost", "damaged", "unknown-format"] as const).map(
        (problem) => new WorkspaceError(problem, "w\u009b31m\u202e"),
      ),
      new ToolMissingError("t", "t"),
      new StorageError("write", "/w", new Error("full")),
      ...(["credentials", "unavailable", "rejected", "unusable-reply", "failed", "budget"] as const).map(
        (problem) => new RunnerError(problem, "r"),
      ),
      new RunFailedError("f\u001b[2J"),
      "not even an error",
    ];
    const documents = thrown.map(errorDocument);
    expect(documents.flatMap((document) => misfits("error-output", document))).toEqual([]);
    expect(documents.map(({ error }) => error.code)).toEqual(ERROR_CODES);
    expect(documents.map(jsonDocument).join("")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(documents[1]?.error).toMatchObject({ message: "s.yaml has an error", details: "where" });
  });
});

describe("what is printed of a run that has only begun", () => {
  test.each(["summary", "hypotheses", "best", "insights", "calls", "events"])("%s fits its schema", async (view) => {
    const { root } = await startedWorkspace();
    const { stdout } = await saidBy(() => inspect(root, view, [], { json: true }));
    expect(misfits(`inspect-${view}-output`, JSON.parse(stdout))).toEqual([]);
  });
});

describe("the events", () => {
  const event = { type: "warning", code: "a", message: "b", at: "2026-01-31T12:00:00.000Z", seq: 1 };
  const shown = async (...events: readonly object[]): Promise<unknown> => {
    const { root } = await startedWorkspace();
    writeFileSync(join(root, "journal.jsonl"), events.map((one) => `${JSON.stringify(one)}\n`).join(""));
    return JSON.parse((await saidBy(() => inspect(root, "events", [], { json: true }))).stdout);
  };

  test("of a component of the user's have what it likes in them", async () => {
    expect(misfits("inspect-events-output", await shown(event, { ...event, type: "my.event", mine: [1] }))).toEqual([]);
  });

  test("of AURA's own have nothing else in them", async () => {
    expect(misfits("inspect-events-output", await shown({ ...event, mine: 1 }))).not.toEqual([]);
  });
});

describe("aura components --json", () => {
  test.each([
    [undefined, undefined],
    ["executor", undefined],
    ["researcher", "search"],
  ])("of %s %s fits its schema", async (kind, type) => {
    const { stdout } = await saidBy(() => components(kind, type, { json: true }));
    expect(misfits("components-output", JSON.parse(stdout))).toEqual([]);
  });
});

describe("aura schema", () => {
  const names = readdirSync(join(REPOSITORY, "schemas")).map((name) => name.replace(/\.schema\.json$/, ""));

  test("has every schema there is in its help", () => {
    const help =
      program(() => {})
        .commands.find((command) => command.name() === "schema")
        ?.helpInformation() ?? "";
    const told = help.replace(/\s+/g, " ");
    for (const name of names) {
      expect(told).toContain(name.replace(/^inspect-\w+-output$/, "inspect-VIEW-output"));
    }
  });

  test("prints any of them", async () => {
    for (const name of names) {
      const { answer, stdout } = await saidBy(() => schema(name));
      expect(answer).toBe(0);
      expect(JSON.parse(stdout)).toHaveProperty("$schema", "http://json-schema.org/draft-07/schema#");
    }
  });

  test.each([
    ["trail", 'did you mean "trial"?'],
    ["rolback-output", 'did you mean "rollback-output"?'],
    ["validate", 'did you mean "validate-output"?'],
    ["inspect", "inspect-best-output, "],
    ["zzzzzzzzzzz", "run-spec"],
  ])("offers for %s what is nearest", async (name, offer) => {
    const { answer, stdout, stderr } = await saidBy(() => schema(name));
    expect({ answer, stdout }).toEqual({ answer: 2, stdout: "" });
    expect(stderr).toContain(offer);
  });
});
