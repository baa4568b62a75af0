import { chmodSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../../../src/testing/temp-dir.ts";
import { never, newMarker, request, runner, sh } from "./support.ts";

test("a missing folder and a missing program are told apart", async () => {
  using processes = runner();
  expect(await processes.run(request("true", [], { cwd: "/no/such/folder" }), never)).toMatchObject({
    end: "cannot-start",
    message: 'cannot start "true": the working directory /no/such/folder does not exist',
  });
  const missing = await processes.run(request("no-such-program", []), never);
  expect(missing).toMatchObject({ end: "cannot-start", exitCode: null, signal: null });
  expect(missing.message).toBe('cannot start "no-such-program": no such program on the PATH of this command');
  expect((await processes.run(request("./none", []), never)).message).toContain("there is no such file");
});

test("a file that may not be executed, and one whose interpreter is missing, say so", async () => {
  using dir = temporaryDirectory();
  using processes = runner();
  dir.write("plain.sh", "#!/bin/sh\n", 0o644);
  dir.write("odd.sh", "#!/no/such/interpreter\n", 0o755);
  chmodSync(dir.path, 0o755);
  expect((await processes.run(request("./plain.sh", [], { cwd: dir.path }), never)).message).toContain(
    "may not be executed",
  );
  expect((await processes.run(request("./odd.sh", [], { cwd: dir.path }), never)).message).toContain("interpreter");
});

test("arguments the system cannot take are a refusal that says why", async () => {
  using processes = runner();
  const messages = [
    await processes.run(request("echo", ["a\0b"]), never),
    await processes.run(request("echo", [], { env: { PATH: "/bin:/usr/bin", X: "a\0b" } }), never),
    await processes.run(request("e\0cho", []), never),
    await processes.run(request("echo", ["x".repeat(200_000)]), never),
    await processes.run(request("", []), never),
  ].map(({ end, message }) => `${end}: ${message}`);
  expect(messages.slice(0, 3).every((text) => text.includes("NUL byte"))).toBe(true);
  expect(messages[3]).toContain("too long for the system");
  expect(messages.every((text) => text.startsWith("cannot-start: cannot start"))).toBe(true);
});

test("a folder with a NUL byte in its name is one that does not exist", async () => {
  using processes = runner();
  expect(await processes.run(request("true", [], { cwd: "/tmp\0x" }), never)).toMatchObject({ end: "cannot-start" });
});

test("arguments and variables arrive as they were given", async () => {
  using processes = runner();
  const text = fc
    .string({ unit: "binary", maxLength: 40 })
    .filter((s) => !s.includes("\0") && Buffer.from(s).toString() === s);
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (args) => {
      let out = "";
      const onLine = (_: string, line: string): void => {
        out += line;
      };
      const script = "console.log(JSON.stringify([process.argv.slice(1), process.env.VALUE]))";
      const env = { PATH: process.env.PATH ?? "", VALUE: args.join("|") };
      await processes.run(request(process.execPath, ["-e", script, "--", ...args], { env, onLine }), never);
      expect(JSON.parse(out)).toEqual([args, args.join("|")]);
    }),
    { numRuns: 12 },
  );
});

test("nothing is inherited but what the request says", async () => {
  using processes = runner();
  const marker = newMarker();
  const result = await processes.run(request("/usr/bin/env", [], { env: { A: "1" }, marker }), never);
  expect(result.stdoutTail.trim().split("\n").sort()).toEqual(["A=1", `AURA_TRIAL=${marker}`]);
});

test("text is given on stdin, and without text there is nothing to read", async () => {
  using processes = runner();
  expect(await processes.run(request("cat", [], { stdin: "prompt ü" }), never)).toMatchObject({
    stdoutTail: "prompt ü",
  });
  expect(await processes.run(request("cat", []), never)).toMatchObject({ end: "exited", stdoutTail: "" });
  const deaf = await processes.run(request("true", [], { stdin: "x".repeat(1_000_000) }), never);
  expect(deaf).toMatchObject({ end: "exited", exitCode: 0 });
});

test("a start that cannot be recorded is undone, and the reason is thrown", async () => {
  using processes = runner();
  let pid = 0;
  const running = processes.run(
    sh("exec sleep 300", {
      onStart: (identity) => {
        pid = identity.pid;
        throw new Error("disk full");
      },
    }),
    never,
  );
  await expect(running).rejects.toThrow("disk full");
  expect(processes.isAlive({ pid })).toBe(false);
});

test("limits hold for the process, and a program that is missing under them is still one that cannot start", async () => {
  using processes = runner();
  const limits = { openFiles: 33, fileSizeBytes: 1_048_576, cpuSeconds: 9, pids: 5000 };
  const result = await processes.run(
    sh("ulimit -n; ulimit -f; ulimit -t; ulimit -c; ulimit -u 2>/dev/null", { limits }),
    never,
  );
  expect(result.stdoutTail.split("\n").slice(0, 4)).toEqual(["33", "2048", "9", "0"]);
  expect(await processes.run(request("no-such-program", [], { limits }), never)).toMatchObject({
    end: "cannot-start",
    message: 'cannot start "no-such-program": no such program on the PATH of this command',
  });
  expect(await processes.run(request("-x", [], { limits }), never)).toMatchObject({ end: "cannot-start" });
});
