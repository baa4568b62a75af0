import type { TrialStatus } from "../../src/model/trial.ts";

/** What a trial tries, by name: a piece of POSIX shell. It has won when it prints `WON`, or what only outsiders know. */
export interface Attack {
  readonly name: string;
  /** For the documents, after "A trial tries to". */
  readonly does: string;
  readonly script: string;
  /** How the trial ends that tries it in vain; by what holds the limit in its way where that makes a difference. */
  readonly status: TrialStatus | Readonly<Record<"cgroup" | "rlimit", TrialStatus>>;
}

/** What the attacks need to know of the outside. */
export interface Outside {
  /** The user's home. */
  readonly home: string;
  /** A process of the machine that is not the trial's. */
  readonly pid: number;
  /** A listener on 127.0.0.1, which answers with the secret. */
  readonly port: number;
  /** A listener on a socket in the file system, which answers with the secret. */
  readonly socket: string;
}

/** Says what a listener answers: `ask HOST PORT`, `ask PATH`. */
const ASK = `ask() {
  if command -v node >/dev/null; then
    node -e 'const [host, port] = process.argv.slice(1); const to = port ? { host, port } : { path: host.replace("@", "\\0") };
      require("net").connect(to).on("data", (d) => console.log(String(d))).on("error", (e) => { console.error(e.code); process.exit(1); }).setTimeout(3000, () => process.exit(1))' "$@"
  else
    [ $# = 2 ] && nc -w 3 "$1" "$2" </dev/null || nc local:"$1" </dev/null
  fi
}`;

const attack = (name: string, does: string, script: string, status: Attack["status"] = "completed"): Attack => ({
  name,
  does,
  script,
  status,
});

/** Everything a trial could do to what is around it. */
export function attacksAround({ home, pid, port, socket }: Outside): readonly Attack[] {
  return [
    attack("write-project", "write a file of the project", `echo x > train.txt`),
    attack("make-in-project", "make a file in the project", `echo x > new.txt && echo WON`),
    attack("write-input", "write an input", `echo x >> data/input.txt`),
    attack("remove-input", "remove an input", `rm -f data/input.txt`),
    attack("chmod-input", "change an input's mode", `chmod 777 data/input.txt && echo WON`),
    attack(
      "remount-input",
      "mount the project again, for writing",
      `mount -o remount,rw,bind "$AURA_ROOT" && echo WON`,
    ),
    attack("unmount-input", "unmount what hides files", `umount "$AURA_WORKSPACE" && echo WON`),
    attack("read-env-file", "read `.env`", `cat .env app/.env.local`),
    attack("copy-env-file", "read `.env` by its real path", `cat "$(readlink -f .env)"`),
    attack("read-workspace", "read the workspace", `cat "$AURA_WORKSPACE/run.json" && echo WON`),
    attack("read-other-trial", "read another trial's folder", `cat "$AURA_TRIAL_DIR"/../*/secret.txt`),
    attack(
      "write-other-trial",
      "write into another trial's folder",
      `echo x > "$AURA_TRIAL_DIR"/../planted && echo WON`,
    ),
    attack(
      "write-record",
      "write its own record and log",
      `echo '{}' > "$AURA_TRIAL_DIR/../$AURA_TRIAL_ID.json" && echo WON`,
    ),
    attack("stop-run", "stop the run", `mkdir -p "$AURA_WORKSPACE/requests" && echo WON`),
    attack(
      "replace-folder",
      "put a link in the place of its folder",
      `cd /; rm -rf "$AURA_TRIAL_DIR"; ln -s /etc "$AURA_TRIAL_DIR" && [ -L "$AURA_TRIAL_DIR" ] && echo WON`,
    ),
    attack("other-run", "read another run of the project", `cat runs/old/run.json`),
    attack(
      "read-answers",
      "read an input of the evaluator",
      `for at in . "$AURA_ROOT" "/proc/self/root$AURA_ROOT"; do cat "$at/answers.txt" "$at"/answers/*; done`,
    ),
    attack("read-home", "read the user's home", `cat ${home}/.ssh/id_ed25519 ${home}/.config/keys`),
    attack("read-shadow", "read /etc/shadow", `grep -q root: /etc/shadow && echo WON`),
    attack("read-keys", "read keys in its environment", `env`),
    attack("read-environ", "read the environment of all processes", `cat /proc/[0-9]*/environ | tr '\\0' '\\n'`),
    attack(
      "read-commands",
      "see other processes",
      `cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -q "aura[.]cjs" && echo WON`,
    ),
    attack("kill-parent", "kill AURA, or all there is", `kill -9 ${pid} && echo WON; kill -9 1; kill -9 -1`),
    attack("trace", "read the memory of its parent", `head -c 1 /proc/$PPID/mem >/dev/null && echo WON`),
    attack("dial-loopback", "connect to a listener on the machine's loopback", `ask 127.0.0.1 ${port}`),
    attack("dial-outside", "connect to an address outside", `ask 192.0.2.1 80 && echo WON; ask 8.8.8.8 53 && echo WON`),
    attack("dial-socket", "connect to a socket in the file system", `ask ${socket}`),
    attack("dial-abstract", "connect to an abstract socket", `ask @${socket}`),
    attack("dial-docker", "use Docker's socket", `[ -S /var/run/docker.sock ] || [ -S /run/docker.sock ] && echo WON`),
    attack("make-device", "make a device of the disk", `mknod "$AURA_TRIAL_DIR/disk" b 254 0 && echo WON`),
    attack(
      "read-memory",
      "read the machine's memory and disks",
      `head -c 16 /proc/kcore >/dev/null && echo WON; head -c 16 /dev/mem >/dev/null && echo WON; head -c 16 /dev/vda >/dev/null && echo WON`,
    ),
    attack(
      "write-kernel",
      "set the kernel's settings",
      `cat /proc/sys/kernel/core_pattern > /proc/sys/kernel/core_pattern && echo WON; echo h > /proc/sysrq-trigger && echo WON`,
    ),
    attack("new-namespace", "make a namespace in which it is root", `unshare -Ur true && echo WON`),
    attack(
      "new-mount",
      "mount a file system",
      `mount -t tmpfs none /tmp && echo WON; mount -t proc none /proc && echo WON`,
    ),
    attack("chroot", "change its root", `chroot / true && echo WON`),
    attack(
      "capabilities",
      "have a capability, or gain one by a setuid program",
      `grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && echo WON; grep -q 'NoNewPrivs:.*0' /proc/self/status && echo WON`,
    ),
    attack(
      "fill-memory",
      "fill memory through /dev/shm, /tmp, /dev and /",
      `for at in /dev/shm /tmp /dev /; do head -c 80000000 /dev/zero > "$at/fill"; [ "$(wc -c < "$at/fill")" = 80000000 ] && echo WON; done; rm -f /tmp/fill /dev/shm/fill`,
    ),
    attack("terminal", "type into the terminal that AURA runs in", `echo x > /dev/tty && echo WON`),
    attack(
      "descriptors",
      "use files that AURA has open",
      `for fd in 3 4 5 6 7 8 9; do (eval ": >&$fd") 2>/dev/null && echo WON; done`,
    ),
    attack(
      "leave-daemon",
      "leave a process behind that has left its session",
      `(setsid sh -c 'while :; do echo x >> "$AURA_TRIAL_DIR/beat"; sleep 0.1; done' >/dev/null 2>&1 &) ; sleep 0.5`,
    ),
  ];
}

/** What a trial could do to be taken for what it is not, or to take more than it may. It has 200 MB, 100 processes, 1 MB of output and 6 s. */
export const EXCESSES: readonly Attack[] = [
  attack(
    "eat-memory",
    "use more memory than `limits.memory`",
    `head -c 600000000 /dev/zero | tail -c 600000000 >/dev/null || exit 1`,
    { cgroup: "out-of-memory", rlimit: "failed" },
  ),
  attack("flood", "write more than `limits.output`", `while :; do head -c 65536 /dev/zero; done`, "output-limit"),
  attack("many", "leave 80 processes behind", `for n in $(seq 80); do setsid sleep 1000 & done`),
  attack(
    "fork-bomb",
    "have more processes than `limits.pids`",
    `for n in $(seq 400); do sleep 1000 & done; echo WON`,
    "failed",
  ),
  attack(
    "ignore-signals",
    "go on after its timeout",
    `trap '' TERM INT HUP; (trap '' TERM; setsid sleep 1000 &); while :; do sleep 0.1; done`,
    "timeout",
  ),
  attack("forge-exit", "tell another exit code than its own", `echo '{ "exit-code": 0 }' >&3; exit 3`, "failed"),
  attack("forge-oom", "be taken for what the kernel ended", `exit 137`, "signal"),
  attack("forge-score", "have a score though it crashed", `echo "score: 99"; kill -SEGV $$`, "signal"),
];

/** What a trial could plant where `out/result.json` is read; there is a `result.json` with a score in the home. */
export function plantedResults(home: string): readonly Attack[] {
  const planted = (name: string, what: string, script: string): Attack =>
    attack(name, `have ${what} read as its result`, `cd "$AURA_TRIAL_DIR"; ${script}`, "failed");
  return [
    planted("link", "a file that a link leads to", `mkdir out; ln -s ${home}/result.json out/result.json`),
    planted("link-folder", "a file in a folder that a link leads to", `ln -s ${home} out`),
    planted("hard-link", "a file by another name of it", `mkdir out; ln ${home}/result.json out/result.json`),
    planted("fifo", "a FIFO that nobody writes to", `mkdir out; mkfifo out/result.json`),
    planted("device", "a device that never ends", `mkdir out; mknod out/result.json c 1 5`),
    planted("proc", "a file of its own process", `ln -s /proc/self/root${home} out`),
    planted("folder", "a folder", `mkdir -p out/result.json`),
    planted("sparse", "a file of 40 GB", `mkdir out; truncate -s 40G out/result.json`),
    planted(
      "deep",
      "JSON that nests 100000 times",
      `mkdir out; head -c 100000 /dev/zero | tr '\\0' '[' > out/result.json`,
    ),
    attack(
      "infinite",
      "have a score without end",
      `mkdir "$AURA_TRIAL_DIR/out"; echo '{"score": 1e999}' > "$AURA_TRIAL_DIR/out/result.json"`,
    ),
  ];
}

/** Values of parameters that mean something to a shell, a program or AURA. */
export const VALUES = [
  "; touch WON",
  "$(touch WON)",
  "`touch WON`",
  "> WON",
  "--help",
  "a b",
  "../../x",
  "{aura.seed}",
  "*",
];

/** The attacks as one program: `sh attack.sh NAME`. It ends well whatever came of them. */
export function attackScript(list: readonly Attack[]): string {
  const cases = list.map(({ name, script }) => `${name})\n${script}\n;;`);
  return `${ASK}\ncase "$1" in\n${cases.join("\n")}\nesac\necho "score: 1"\n`;
}
