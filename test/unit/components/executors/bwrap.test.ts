import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { NoEnvironment } from "../../../../src/components/environments/none.ts";
import { BwrapExecutor, type BwrapOptions } from "../../../../src/components/executors/index.ts";
import { EXIT, isAuraError } from "../../../../src/kernel/errors.ts";
import type { RawResult } from "../../../../src/kernel/ports.ts";
import { type ExecutionRig, executionRig, hypothesis, type RigOptions } from "../../../support/execution-rig.ts";
import { bwrap } from "../../../support/tools.ts";

const environment = new NoEnvironment();

function rig(options: RigOptions = {}): ExecutionRig {
  const made = executionRig(options);
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

/** Probes and runs a line of shell in a sandbox, as one trial. */
async function run(line: string, options: BwrapOptions = {}, { ctx, trial }: ExecutionRig = rig()) {
  const executor = new BwrapExecutor(["sh", "-c", line], options);
  await executor.probe(environment, ctx);
  await executor.setup(ctx);
  return executor.run(hypothesis(), await environment.prepare(), trial());
}

/** What a line of shell printed in a sandbox. */
async function said(line: string, options?: BwrapOptions, on?: ExecutionRig): Promise<string> {
  const raw = await run(line, options, on);
  return raw.kind === "process" ? raw.stdoutTail.trim() : JSON.stringify(raw);
}

function ended(raw: RawResult): Partial<RawResult & { kind: "process" }> {
  if (raw.kind !== "process") throw new Error(JSON.stringify(raw));
  const { end, exitCode, signal, message } = raw;
  return { end, exitCode, signal, ...(message === undefined ? {} : { message }) };
}

/** A folder that no sandbox shows by itself. */
function elsewhere(): string {
  const folder = mkdtempSync(join(tmpdir(), "aura-elsewhere-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

bwrap.describe("a sandbox of bubblewrap's", () => {
  bwrap.test("tells how the command ended, and leaves nothing beside the trial's folder", async () => {
    const one = rig();
    expect(ended(await run("exit 42", {}, one))).toEqual({ end: "exited", exitCode: 42, signal: null });
    expect(ended(await run("exit 1", {}, one))).toEqual({ end: "exited", exitCode: 1, signal: null });
    const segv = await run("kill -SEGV $$", {}, one);
    expect(ended(segv)).toEqual({ end: "signal", exitCode: null, signal: "SIGSEGV", message: "ended by SIGSEGV" });
    expect(ended(await run("kill -XCPU $$", {}, one))).toMatchObject({ message: expect.stringContaining("CPU time") });
    expect(one.ctx.effects.files.list(one.dir.join("trials"))?.map(({ name }) => name)).toEqual(["i00001-h000-t00"]);
  });

  bwrap.test("is no failure of the command's when it cannot be made", async () => {
    const gone = elsewhere();
    const one = rig();
    const executor = new BwrapExecutor(["sh", "-c", "exit 0"], { mounts: [join(gone, "a")] });
    one.ctx.effects.files.makeDirectory(join(gone, "a"));
    await executor.probe(environment, one.ctx);
    await executor.setup(one.ctx);
    one.ctx.effects.files.remove(join(gone, "a"));
    const raw = ended(await executor.run(hypothesis(), await environment.prepare(), one.trial()));
    expect(raw).toMatchObject({ end: "spawn-error", exitCode: null });
    expect(raw.message).toContain("the sandbox could not be made: bwrap:");
  });

  bwrap.test("shows the project read-only and the trial's folder for writing, which is its home", async () => {
    const one = rig({ variables: { HOME: elsewhere() } });
    one.dir.write("data.txt", "data");
    const line = 'cat data.txt; echo x > data.txt; echo kept > "$HOME/kept"; echo x > /x; ls /; id -u';
    const raw = await run(line, {}, one);
    expect(raw).toMatchObject({ stdoutTail: expect.stringMatching(/^data/) });
    expect(raw.kind === "process" && raw.stderrTail.match(/Read-only file system/g)).toHaveLength(2);
    expect(one.dir.read("data.txt")).toBe("data");
    expect(readFileSync(join(one.trial().trialDir, "kept"), "utf8")).toBe("kept\n");
    expect(raw.kind === "process" && raw.stdoutTail).not.toMatch(/^(home|root|var|work)$/m);
  });

  bwrap.test("shows neither `.env` and its like nor workspaces of runs", async () => {
    const one = rig();
    for (const path of [".env", "app/.env.local", "runs/old/run.json", "runs/old/iterations/x", "app/my.env"])
      one.dir.write(path, "secret");
    expect(await said("cat .env app/.env.local runs/old/run.json app/my.env; ls runs/old", {}, one)).toBe("secret");
  });

  bwrap.test("shows mounts, read-only unless said otherwise, also through a link", async () => {
    const folder = elsewhere();
    writeFileSync(join(folder, "file"), "there\n");
    mkdirSync(join(folder, "out"));
    symlinkSync(folder, join(elsewhere(), "link"));
    const line = (at: string): string => `cat ${at}/file; echo x > ${at}/file; echo more > ${at}/out/new`;
    const mounts = [folder, { path: join(folder, "out"), write: true }];
    expect(await said(line(folder))).toBe("");
    expect(await said(line(folder), { mounts })).toBe("there");
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("there\n");
    expect(readFileSync(join(folder, "out/new"), "utf8")).toBe("more\n");
    const link = join(elsewhere(), "link");
    symlinkSync(folder, link);
    expect(await said(line(link), { mounts: [link] })).toBe("there");
  });

  bwrap.test("has no network, unless it is to have that of the machine", async () => {
    const server = createServer((socket) => socket.end("heard\n")).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const ask = `node -e 'require("net").connect(${port}, "127.0.0.1").on("data", (d) => console.log(String(d))).on("error", (e) => console.log(e.code))'`;
    expect(await said(ask)).toBe("ECONNREFUSED");
    expect(await said(ask, { network: "host" })).toBe("heard");
  });

  bwrap.test("keeps what /tmp and /dev/shm hold to their size", async () => {
    const fill = "for at in /tmp /dev/shm /dev; do head -c 3000000 /dev/zero > $at/x; stat -c %s $at/x; done";
    expect(await said(fill, { tmpBytes: 1024 * 1024 })).toBe("1048576\n1048576");
  });

  bwrap.test("hides what is to be hidden by every path to it, where the project is named through a link", async () => {
    const real = elsewhere();
    const root = join(elsewhere(), "link");
    symlinkSync(real, root);
    for (const name of ["gold", ".git"]) mkdirSync(join(real, name));
    for (const name of [".env", "gold/answers", ".git/answers", "data"]) writeFileSync(join(real, name), name);
    const one = rig({ settings: { root, hidden: [join(root, "gold")] } });
    const line = `for at in ${root} ${real}; do cat $at/data; cat $at/.env $at/gold/answers $at/.git/answers; done; echo x > "$HOME/kept"`;
    expect(await said(line, {}, one)).toBe("datadata");
    expect(readFileSync(join(one.trial().trialDir, "kept"), "utf8")).toBe("x\n");
  });

  bwrap.test("lets a command that is to end do so by itself", async () => {
    const line = "trap 'echo saved; kill $!; exit 0' TERM; sleep 30 & echo ready; wait";
    const raw = await run(line, { timeoutMs: 400 });
    expect(raw).toMatchObject({ end: "timeout", stdoutTail: "ready\nsaved\n" });
  });

  bwrap.test("is refused where it cannot be made, with what to install", async () => {
    const refused = async (one: ExecutionRig): Promise<string> => {
      const thrown = await run("true", {}, one).catch((error: unknown) => error);
      if (!isAuraError(thrown)) throw thrown;
      return `${thrown.exitCode}: ${thrown.message}`;
    };
    const bin = elsewhere();
    expect(await refused(rig({ variables: { PATH: bin } }))).toMatch(/^5: .*bwrap.*\n.*apt-get install bubblewrap/);
    writeFileSync(join(bin, "bwrap"), "#!/bin/sh\necho 'bwrap: Unknown option --disable-userns' >&2; exit 1\n");
    chmodSync(join(bin, "bwrap"), 0o755);
    expect(await refused(rig({ variables: { PATH: bin } }))).toMatch(/^5: .*Unknown option --disable-userns/);
    const one = rig();
    const parent = rig({ settings: { root: join(one.dir.path, "..") }, variables: { HOME: one.dir.path } });
    expect(await refused(parent)).toMatch(new RegExp(`^${EXIT.usage}: .*your home`));
  });

  bwrap.test("refuses a program on PATH that it does not show, and says which folders to show instead", async () => {
    const [linked, installed] = [elsewhere(), elsewhere()];
    mkdirSync(join(installed, "bin"));
    writeFileSync(join(installed, "words"), "mine\n");
    writeFileSync(join(installed, "bin/mine-1"), `#!/bin/sh\ncat ${installed}/words\n`, { mode: 0o755 });
    symlinkSync(join(installed, "bin/mine-1"), join(linked, "mine"));
    const variables = { PATH: `${linked}:${process.env.PATH}` };
    const probe = async (options: BwrapOptions) => {
      const { ctx, trial } = rig({ variables });
      const executor = new BwrapExecutor("mine", options);
      await executor.probe(environment, ctx);
      return executor.run(hypothesis(), await environment.prepare(), trial());
    };
    const said = `${linked}/mine, which the sandbox does not show\nshow where it is installed: \`mounts: [`;
    await expect(probe({})).rejects.toThrow(`${said}${linked}, ${installed}]\``);
    await expect(probe({ mounts: [linked] })).rejects.toThrow(`${said}${installed}]\``);
    expect(await probe({ mounts: [linked, installed] })).toMatchObject({ stdoutTail: "mine\n" });
  });

  bwrap.test("does not have all of the user's files shown for a program in a `bin` of theirs", async () => {
    const home = elsewhere();
    mkdirSync(join(home, "bin"));
    writeFileSync(join(home, "bin/mine"), "#!/bin/sh\n", { mode: 0o755 });
    const { ctx } = rig({ variables: { HOME: home, PATH: `${join(home, "bin")}:${process.env.PATH}` } });
    await expect(new BwrapExecutor("mine").probe(environment, ctx)).rejects.toThrow(`\`mounts: [${home}/bin]\``);
  });

  bwrap.test("misses before the run a program by its path, too, and names its folder as YAML has it", async () => {
    const folder = join(elsewhere(), "a, b");
    mkdirSync(folder);
    writeFileSync(join(folder, "mine"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync(join(folder, "mine"), join(folder, "..", "link"));
    const link = join(folder, "..", "link");
    const { ctx } = rig({});
    await expect(new BwrapExecutor([link]).probe(environment, ctx)).rejects.toThrow(`, ${JSON.stringify(folder)}]\``);
    await new BwrapExecutor([link], { mounts: [join(folder, "..")] }).probe(environment, ctx);
  });
});
