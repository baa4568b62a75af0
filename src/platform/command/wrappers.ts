/** A program that starts the program named further on among its words. */
export interface Wrapper {
  readonly name: RegExp;
  /** Options that take the next word as their own value, or what is written right behind their letter. */
  readonly valued: RegExp;
  /** Words of its own before the program: `timeout 5 prog` has one. */
  readonly operands?: number;
  /** The word that makes it a wrapper: `uv run prog`. */
  readonly subcommand?: RegExp;
  /** `NAME=value` words may come before the program. */
  readonly assigns?: true;
  /** Options with which it starts nothing: `command -v prog`. */
  readonly startsNothing?: RegExp;
}

const NONE = /^$/;

/** Programs, and builtins of shells, behind which the program of a command stands. */
export const WRAPPERS: readonly Wrapper[] = [
  {
    name: /^(?:nohup|builtin|busybox|toybox|fakeroot|eatmydata|dumb-init|valgrind|setpriv|catchsegv|winpty)$/,
    valued: NONE,
  },
  { name: /^(?:command)$/, valued: NONE, startsNothing: /^-p?[vV]/ },
  { name: /^exec$/, valued: /^-[cl]*a$/ },
  // Behind -S everything is program text.
  {
    name: /^env$/,
    valued: /^(?:-u|-C|--unset|--chdir)$/,
    assigns: true,
    startsNothing: /^(?:-[A-Za-z0-9]*S|--split-string)/,
  },
  { name: /^time$/, valued: /^(?:-[fo]|--format|--output)$/, assigns: true },
  { name: /^timeout$/, valued: /^(?:-[ks]|--kill-after|--signal)$/, operands: 1 },
  { name: /^nice$/, valued: /^(?:-n|--adjustment)$/ },
  { name: /^setsid$/, valued: NONE },
  { name: /^stdbuf$/, valued: /^(?:-[ioe]|--input|--output|--error)$/ },
  { name: /^ionice$/, valued: /^(?:-[cn]|--class|--classdata)$/, startsNothing: /^-[pPu]/ },
  { name: /^chrt$/, valued: /^-[TPD]$/, operands: 1, startsNothing: /^-[a-z]*[pm]/ },
  { name: /^taskset$/, valued: NONE, operands: 1, startsNothing: /^(?:-[a-z]*p|--pid)/ },
  { name: /^numactl$/, valued: /^(?:-[imNCPpw]|--(?:interleave|membind|cpunodebind|physcpubind|preferred))$/ },
  { name: /^prlimit$/, valued: /^-o$/, startsNothing: /^(?:-p|--pid)/ },
  { name: /^chroot$/, valued: NONE, operands: 1 },
  { name: /^flock$/, valued: /^(?:-[wE]|--timeout|--wait|--conflict-exit-code)$/, operands: 1 },
  { name: /^(?:sudo)$/, valued: /^-[ugCDhpRrtTU]$/, assigns: true, startsNothing: /^-[eKkVv]/ },
  { name: /^doas$/, valued: /^-[uC]$/ },
  { name: /^runuser$/, valued: /^(?:-[ugGs]|--user|--group|--shell)$/ },
  { name: /^strace$/, valued: /^-[oesuEabIOSPXU]$/, startsNothing: /^-p/ },
  { name: /^ltrace$/, valued: /^-[oesuaAnDFlx]$/, startsNothing: /^-p/ },
  { name: /^unshare$/, valued: /^(?:-[SGRw]|--setuid|--setgid|--root|--wd)$/ },
  { name: /^nsenter$/, valued: /^(?:-[tSG]|--target|--setuid|--setgid)$/ },
  { name: /^xargs$/, valued: /^(?:-[adEILnPs]|--(?:arg-file|delimiter|max-args|max-procs|max-lines|max-chars))$/ },
  { name: /^xvfb-run$/, valued: /^(?:-[nefps]|--server-num|--server-args|--error-file)$/ },
  { name: /^tini$/, valued: /^-[pe]$/ },
  { name: /^cpulimit$/, valued: /^(?:-[le]|--limit|--exe)$/, startsNothing: /^(?:-p|--pid)/ },
  { name: /^systemd-run$/, valued: /^(?:-[puMHE]|--(?:property|unit|slice|uid|gid|setenv))$/ },
  { name: /^screen$/, valued: /^-[ScehpsTt]$/, startsNothing: /^-(?:[rRxX]|ls)/ },
  { name: /^(?:mpirun|mpiexec|srun|torchrun)$/, valued: /^(?:-[A-Za-z]+|--(?:host|hostfile|nproc_per_node|nnodes))$/ },
  { name: /^(?:npx|bunx|uvx)$/, valued: /^(?:-[pwc]|--(?:package|workspace|call|with|from|python))$/ },
  {
    name: /^(?:npm|pnpm|yarn|bun)$/,
    valued: /^(?:-[CFw]|--(?:prefix|dir|filter|package))$/,
    subcommand: /^(?:exec|x|dlx)$/,
  },
  {
    name: /^(?:uv|poetry|pdm|pixi|pipenv|rye|hatch|pipx)$/,
    valued: /^(?:-[Ppe]|--(?:project|directory|python|with|with-requirements|extra|group|env-file|environment))$/,
    subcommand: /^run$/,
  },
  {
    name: /^(?:conda|mamba|micromamba)$/,
    valued: /^(?:-[np]|--(?:name|prefix|cwd))$/,
    subcommand: /^run$/,
  },
  { name: /^perf$/, valued: /^(?:-[oeFCI]|--(?:output|event))$/, subcommand: /^(?:stat|record|trace)$/ },
  { name: /^bundle$/, valued: NONE, subcommand: /^exec$/ },
];
