import { readFileSync, statSync, symlinkSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { StorageError } from "../../../../src/kernel/errors.ts";
import { LineSplitter, plainTail, plainText } from "../../../../src/platform/process/lines.ts";
import { ByteRing } from "../../../../src/platform/process/output-log.ts";
import { testFolder } from "../../../support/test-folder.ts";
import { never, request, runner, sh } from "./support.ts";

const dir = testFolder();

test("each stream goes to its own log, which is not made before there is something in it", async () => {
  using processes = runner();
  const logs = { stdout: dir.join("logs/stdout.log"), stderr: dir.join("logs/stderr.log") };
  const result = await processes.run(sh("echo one; echo two", { logs }), never);
  expect(result).toMatchObject({ stdoutBytes: 8, stderrBytes: 0, stdoutTail: "one\ntwo\n", stderrTail: "" });
  expect(dir.read("logs/stdout.log")).toBe("one\ntwo\n");
  expect(dir.read("logs/stderr.log")).toBeNull();
});

test("50 MB of output keep their head and their tail in the log", async () => {
  using processes = runner();
  const logs = { stdout: dir.join("stdout.log"), stderr: dir.join("stderr.log") };
  const flood = sh(`echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo last`, { logs });
  const result = await processes.run(flood, never);
  expect(result).toMatchObject({ end: "exited", stdoutBytes: 50_000_012 });
  expect(result.stdoutTail.endsWith("xx\nlast\n")).toBe(true);
  const log = readFileSync(logs.stdout, "latin1");
  expect(log.startsWith("first\nxx")).toBe(true);
  expect(log.endsWith("xx\nlast\n")).toBe(true);
  expect(log).toContain(`\n... ${50_000_012 - 9 * 1024 * 1024} bytes left out ...\n`);
  expect(statSync(logs.stdout).size).toBeLessThan(9 * 1024 * 1024 + 100);
});

test("memory does not grow with the output", async () => {
  using processes = runner();
  const script = `
    const { localProcesses } = await import(${JSON.stringify(new URL("../../../../src/platform/process/local.ts", import.meta.url).href)});
    const { systemClock } = await import(${JSON.stringify(new URL("../../../../src/platform/clock.ts", import.meta.url).href)});
    const runner = localProcesses({ clock: systemClock() });
    const flood = (bytes) => runner.run({
      file: "head", args: ["-c", String(bytes), "/dev/zero"], cwd: "/", env: { PATH: process.env.PATH }, graceMs: 0,
      outputLimitBytes: 1e9, logs: { stdout: ${JSON.stringify(dir.join("o"))}, stderr: ${JSON.stringify(dir.join("e"))} },
    }, new AbortController().signal);
    await flood(50_000_000);
    const before = process.memoryUsage.rss();
    await flood(400_000_000);
    console.log((process.memoryUsage.rss() - before) / 1e6);
  `;
  const env = { PATH: process.env.PATH ?? "" };
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", script];
  const result = await processes.run(request(process.execPath, args, { env }), never);
  expect(result).toMatchObject({ end: "exited", exitCode: 0, stderrTail: "" });
  // Eight times as much again: what the garbage collector has not got round to, and no more.
  expect(Number(result.stdoutTail)).toBeLessThan(60);
});

test("output between 8 and 9 MiB is kept whole", async () => {
  using processes = runner();
  const logs = { stdout: dir.join("o"), stderr: dir.join("e") };
  const bytes = 8 * 1024 * 1024 + 500_000;
  await processes.run(sh(`head -c ${bytes} /dev/zero | tr '\\0' y`, { logs }), never);
  const log = readFileSync(logs.stdout);
  expect(log.length).toBe(bytes);
  expect(log.every((byte) => byte === 0x79)).toBe(true);
});

test("a process that writes more than it may is ended, and what it wrote stays readable", async () => {
  using processes = runner();
  const result = await processes.run(request("yes", [], { outputLimitBytes: 100_000 }), never);
  expect(result).toMatchObject({ end: "output-limit", message: "wrote more than 100000 bytes of output" });
  expect(result.stdoutTail.startsWith("y\ny\n")).toBe(true);
  const both = sh("head -c 600 /dev/zero; head -c 600 /dev/zero >&2", { outputLimitBytes: 1000 });
  expect(await processes.run(both, never)).toMatchObject({ end: "output-limit" });
});

test("what a process writes while it is ended for writing too much is counted, and read no more", async () => {
  using processes = runner();
  let told = 0;
  const onLine = (): void => {
    told += 1;
  };
  const flood = sh("trap '' TERM; yes | head -c 4000000", { outputLimitBytes: 1000, onLine });
  expect(await processes.run(flood, never)).toMatchObject({ end: "output-limit", stdoutBytes: 4_000_000 });
  expect(told).toBeLessThan(200_000);
});

test("a log that cannot be written ends the process and is a storage error", async () => {
  using processes = runner();
  let pid = 0;
  const logs = { stdout: "/dev/full", stderr: dir.join("e") };
  const onStart = (identity: { pid: number }): void => {
    pid = identity.pid;
  };
  const running = processes.run(sh("echo x; exec sleep 300", { logs, onStart }), never);
  await expect(running).rejects.toBeInstanceOf(StorageError);
  expect(processes.isAlive({ pid })).toBe(false);
});

test("a log never goes through a link that was planted in its place", async () => {
  using processes = runner();
  dir.write("secret", "untouched");
  symlinkSync(dir.join("secret"), dir.join("o"));
  const logs = { stdout: dir.join("o"), stderr: dir.join("e") };
  await expect(processes.run(sh("echo x", { logs }), never)).rejects.toBeInstanceOf(StorageError);
  expect(dir.read("secret")).toBe("untouched");
});

test("a reader of lines that throws ends the process and is heard", async () => {
  using processes = runner();
  const onLine = (): void => {
    throw new Error("reader broke");
  };
  await expect(processes.run(sh("echo x; exec sleep 300", { onLine }), never)).rejects.toThrow("reader broke");
});

test("lines come whole, from both streams, also when a character arrives in two parts", async () => {
  using processes = runner();
  const lines: string[] = [];
  const script = String.raw`printf 'a\303'; sleep 0.1; printf '\274b\r\nno end'; sleep 0.1; echo oops >&2`;
  await processes.run(sh(script, { onLine: (stream, line) => lines.push(`${stream}: ${line}`) }), never);
  expect(lines.sort()).toEqual(["stderr: oops", "stdout: aüb", "stdout: no end"]);
});

test("lines are the same however the bytes are cut into chunks", () => {
  const text = fc.array(
    fc.string({ unit: "binary", maxLength: 20 }).map((s) =>
      Buffer.from(s)
        .toString()
        .replaceAll(/[\r\n]/g, ""),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 7 })), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const seen: string[] = [];
      const splitter = new LineSplitter((line) => seen.push(line));
      let at = 0;
      for (const size of cuts) {
        splitter.push(bytes.subarray(at, at + size));
        at += size;
      }
      splitter.push(bytes.subarray(at));
      splitter.finish();
      expect(seen).toEqual(lines);
    }),
  );
});

test("a line is cut at 1 MiB and never inside a character", () => {
  const limit = 1024 * 1024;
  const seen: string[] = [];
  const splitter = new LineSplitter((line) => seen.push(line));
  for (let i = 0; i < 2 * limit; i += 1000) splitter.push(Buffer.from("é".repeat(500)));
  splitter.push(Buffer.from("\nnext"));
  splitter.finish();
  expect(seen).toEqual(["é".repeat(limit / 2), "next"]);
  const odd: string[] = [];
  const other = new LineSplitter((line) => odd.push(line));
  other.push(Buffer.from(`x${"é".repeat(limit)}\n`));
  expect(odd).toEqual([`x${"é".repeat(limit / 2 - 1)}`]);
  const exact: string[] = [];
  new LineSplitter((line) => exact.push(line)).push(Buffer.from(`${"z".repeat(limit)}\n`));
  expect(exact[0]).toHaveLength(limit);
});

test("a line that is drawn over and over is what was drawn last, however long it is and wherever it is cut", () => {
  const bar = Array.from({ length: 40_000 }, (_, step) => `\r ${step} |####      | ünd 9.87it/s, loss=0.${step}`);
  const drawn: readonly (readonly [string, string])[] = [
    [`${bar.join("")}\n`, bar.at(-1)?.slice(1) ?? ""],
    [`${bar.join("")}\r\x1b[K\r\n`, bar.at(-1)?.slice(1) ?? ""],
    [`${bar.join("")}\r${" ".repeat(60)}\raccuracy: 0.93\n`, "accuracy: 0.93"],
    ["10%\r20%\r\r\n", "20%"],
    ["\r\n", ""],
    [`${"é".repeat(600_000)}\r${" ".repeat(80)}\rdone\n`, "done"],
    ["a\rb\n", "b"],
  ];
  for (const size of [7, 64, 4096, 65_536]) {
    for (const [text, last] of drawn) {
      if (size < 64 && text.length > 1000) continue;
      const seen: string[] = [];
      const splitter = new LineSplitter((line) => seen.push(line));
      const bytes = Buffer.from(`before\n${text}after`);
      for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
      splitter.finish();
      expect(seen).toEqual(["before", last, "after"]);
    }
  }
});

test("without a limit a process may write as much as it likes, on either stream", async () => {
  using processes = runner();
  const logs = { stdout: dir.join("o"), stderr: dir.join("e") };
  const { outputLimitBytes: _, ...flood } = sh(
    "yes 'an epoch of it' | head -c 45000000 >&2; yes '' | head -c 45000000; echo; echo score: 1",
    { logs },
  );
  const result = await processes.run(flood, never);
  expect(result).toMatchObject({ end: "exited", stdoutBytes: 45_000_010, stderrBytes: 45_000_000 });
  expect(result.stdoutTail.endsWith("\nscore: 1\n")).toBe(true);
  expect(statSync(logs.stdout).size + statSync(logs.stderr).size).toBeLessThan(19 * 1024 * 1024);
});

test("lines of every length around that of a short one come whole, with either line end", () => {
  const lines = Array.from({ length: 40 }, (_, length) => ["a".repeat(length), "é".repeat(length)]).flat();
  const bytes = Buffer.from(lines.map((line, index) => line + (index % 3 === 0 ? "\r\n" : "\n")).join(""));
  for (const size of [1, 5, 13, 64, bytes.length]) {
    const seen: string[] = [];
    const splitter = new LineSplitter((line) => seen.push(line));
    for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
    splitter.finish();
    expect(seen).toEqual(lines);
  }
});

test("a ring holds the last bytes of whatever went through it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.uint8Array({ maxLength: 25 })), (capacity, chunks) => {
      const ring = new ByteRing(capacity);
      for (const chunk of chunks) ring.push(chunk);
      const all = Buffer.concat(chunks);
      expect(ring.read()).toEqual(all.subarray(Math.max(0, all.length - capacity)));
      expect(ring.length).toBe(Math.min(capacity, all.length));
    }),
  );
});

test("what is shown holds no control characters, the last of what was redrawn, and the tail begins with a whole character", async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(plainText(bytes)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }),
  );
  expect(plainText(Buffer.from("\u001b[31mred\u001b[0m \u001b]0;title\u0007ok\r10%\r20%\r\nend\u202e"))).toBe(
    "20%\nend",
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 3, max: 30 }), (bytes, limit) => {
      expect(Buffer.byteLength(plainTail(Buffer.from(bytes), limit))).toBeLessThanOrEqual(limit);
    }),
  );
  using processes = runner();
  const { stdoutTail } = await processes.run(sh(`yes ü | head -c 60001 | tr -d '\\n'`), never);
  expect(Buffer.byteLength(stdoutTail)).toBeLessThanOrEqual(4096);
  expect(stdoutTail).not.toContain("\ufffdü");
});
