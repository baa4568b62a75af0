import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CommandError, compileCommand, compileVariable } from "../../../../src/platform/command.ts";

const words = (command: string): readonly string[] => command.split(" ");
const refuse = (command: string | readonly string[], shell = false) =>
  expect(() => compileCommand(command, { shell }), String(command)).toThrow(CommandError);
const take = (command: string | readonly string[], shell = false) =>
  expect(compileCommand(command, { shell }).placeholders.length, String(command)).toBeGreaterThan(0);

const BEFORE_THE_PROGRAM = [
  "env",
  "/usr/bin/env -i",
  "env -u HOME A=1",
  "env A={y}",
  "timeout 5",
  "timeout -k 1 --signal=KILL 5",
  "timeout {t}",
  "nice",
  "nice -n 5",
  "nice -n{n}",
  "nohup",
  "setsid -w",
  "stdbuf -oL -e 0",
  "time -f %e",
  "ionice -c2 -n 0",
  "chrt -f 10",
  "taskset -c 0",
  "taskset -c {c}",
  "numactl -m 0 --cpunodebind=0",
  "prlimit --nofile=64",
  "chroot /srv",
  "flock -n lock",
  "sudo -u me -- ",
  "doas -u me",
  "strace -f -e trace=open",
  "ltrace -o log",
  "unshare -r",
  "nsenter -t 1 -m",
  "xargs",
  "xargs -n 1 -P 2",
  "busybox",
  "npx --yes",
  "npm exec --",
  "uv run --with numpy",
  "conda run -n env",
  "exec -a name",
  "command",
  "builtin",
  "timeout 5 nice -n 5 env A=1",
  "python",
  "python -u -W ignore",
  "bash",
  "bash -o pipefail",
  "node --no-warnings",
  "env python",
  "watch -n 1",
  "tmux new",
  "parallel -j 2",
].map((each) => each.trim());

const INTERPRETER = /(?:^|env )(?:python|bash|node)\b/;

describe("behind a wrapper or an interpreter", () => {
  it.each(BEFORE_THE_PROGRAM)("a value cannot be the program: %s {x}", (before) => {
    refuse(words(`${before} {x}`));
    refuse(words(`${before} {x} data`));
    refuse(words(`${before} {xs...}`));
    if (!INTERPRETER.test(before)) refuse(words(`${before} ./bin/{x}`));
  });

  it("a value may be a part of the name of the script that an interpreter reads: a choice that the spec offers", () => {
    for (const before of BEFORE_THE_PROGRAM.filter((each) => INTERPRETER.test(each)))
      take(words(`${before} variants/{x}.src {y}`));
  });

  it.each(BEFORE_THE_PROGRAM.filter((each) => !/^(?:watch|tmux|parallel)/.test(each)))(
    "a value is data once the program is named: %s ./train {x}",
    (before) => {
      take(words(`${before} ./train {x} --y={y} -z {z}`));
      take(words(`${before} ./{aura.id}/train {x}`));
    },
  );

  it("says what to do instead", () => {
    expect(() => compileCommand(["timeout", "5", "{x}"], { shell: false })).toThrow(
      "{x} stands where timeout takes the program it runs: its value would choose the program; write the program there",
    );
  });

  it.each([
    "env -{x} ./train",
    "env {x}=1 ./train",
    "nice -{x} ./train {y}",
    "timeout {xs...} ./train",
    "flock {f?} ./train {y}",
  ])("a value cannot move the place of the program: %s", (command) => refuse(words(command)));

  it("still takes options and operands that are values", () => {
    for (const command of [
      "timeout --signal={s} {t} ./train",
      "nice -n {n?} ./train {x}",
      "env LR={x} ./train",
      "parallel ./train ::: {x}",
      "command -v {x}",
      "sh -s {x}",
      "python - {x}",
      "python -m train {x}",
      "git tag {x}",
      "find . -name {x}",
    ])
      take(words(command));
  });

  it.each([
    ["pwsh", "-Command", "{x}"],
    ["npx", "-c", "{x}"],
    ["sg", "root", "-c", "{x}"],
    ["rbash", "-c", "{x}"],
    ["env", "-S", "nice", "{x}"],
    ["node", "-r", "{x}", "a.js"],
    ["node", "--import", "{x}", "a.mjs"],
    ["node", "--require={x}", "a.js"],
    ["git", "-c", "alias.x={x}", "x"],
    ["expect", "-c", "{x}"],
    ["gdb", "-ex", "{x}"],
    ["find", ".", "-exec", "{x}", ";"],
    ["timeout", "5", "watch", "ls {x}"],
    ["ssh", "-o", "{x}", "host"],
    ["tar", "cf", "a.tar", "--to-command={x}"],
    ["strace", "-o", "{x}", "./train"],
  ])("a value cannot be what is run: %s %s %s", (...command) => refuse(command));
});

describe("in a script", () => {
  it.each([
    ". {x}",
    "source {x}",
    "true; . {x} a",
    "command . {x}",
    "exec {x}",
    "command {x}",
    "command eval {x}",
    "a | xargs {x}",
    "time {x}",
    "time -p {x}",
    "PATH={x} ls",
    "PATH=/a:{x}; ls",
    "LD_PRELOAD={x} ls",
    "BASH_ENV={x}",
    "export PATH={x}",
    "export {x}",
    "env PATH={x} ls",
    "timeout 5 {x}",
    "echo $[{x}]",
    "if nice {x}; then a; fi",
    "echo $(nohup {x})",
  ])("a value cannot choose what is run: %s", (script) => refuse(script, true));

  it.each([
    "LR={x} ./train",
    "CUDA_VISIBLE_DEVICES={x} time -p ./train {x}",
    "export LR={x}",
    ". ./env.sh {x}",
    "PATH={aura.root}/bin:$PATH ./train {x}",
    "exec ./train {x}",
    'x={x}; ./train "$x"',
    "timeout 5 ./train {x} | xargs -n 1 echo {x} > {x}",
  ])("a value is data elsewhere: %s", (script) => take(script, true));
});

describe("the environment", () => {
  it("takes no value where it decides what is run", () => {
    expect(() => compileVariable("PATH", "/opt/{x}:/bin")).toThrow(/by which programs are found/);
    expect(() => compileVariable("LD_PRELOAD", "{x}")).toThrow(CommandError);
    expect(compileVariable("PATH", "{aura.root}/bin").placeholders).toEqual(["aura.root"]);
    expect(compileVariable("LR", "{x}").placeholders).toEqual(["x"]);
  });
});

it("a chain of wrappers that is taken runs its own program, whatever the value", () => {
  const dir = mkdtempSync(join(tmpdir(), "aura-chosen-"));
  const evil = join(dir, "evil.sh");
  const ran = join(dir, "ran");
  writeFileSync(evil, `#!/bin/sh\ntouch ${ran}\n`);
  chmodSync(evil, 0o755);
  const pieces = [
    ["env"],
    ["env", "A={x}"],
    ["timeout", "5"],
    ["nice"],
    ["nice", "-n", "0"],
    ["nohup"],
    ["setsid", "-w"],
  ];
  const word = fc.constantFrom("{x}", "--x={x}", "-", "--", "A={x}", "5", "-n", "-c", "{xs...}", "{y?}");
  try {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 3 }),
        fc.array(word, { maxLength: 2 }),
        fc.array(word, { maxLength: 3 }),
        (wrappers, between, after) => {
          const command = [...wrappers.flat(), ...between, "true", ...after];
          try {
            const { file, args } = compileCommand(command, { shell: false }).render({
              spec: { x: evil, xs: [evil] },
              aura: {},
            });
            execFileSync(file, [...args], { cwd: dir, stdio: "ignore", timeout: 5000 });
          } catch {
            // Refused by AURA, or by the wrapper.
          }
          expect(existsSync(ran), command.join(" ")).toBe(false);
        },
      ),
      { numRuns: 150 },
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
