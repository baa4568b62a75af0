import type { Interpreter } from "./interpreters.ts";

const NONE = /^$/;
const OWN_SCRIPT = "a script of your own with {x} as an argument";

/**
 * Programs that run a text they are given, or a program that it names, and whose names are also common words: they are
 * looked for only where the program of a command stands.
 */
export const TEXT_RUNNERS: readonly Interpreter[] = [
  {
    name: /^(?:pwsh|powershell)(?:\.exe)?$/,
    code: /^[-/](?:c|command|cwa|commandwithargs|e|ec|encodedcommand)$/i,
    valued: /^[-/](?:ep|ex|executionpolicy|wd|workingdirectory|o|outputformat|w|windowstyle)$/i,
    place: "rest",
    instead: "pwsh -File train.ps1 {x}",
  },
  {
    name: /^(?:watch|hyperfine)$/,
    code: /^(?:-[spc]|--setup|--prepare|--cleanup|--conclude)$/,
    valued: /^(?:-[nwmMrq]|--interval|--warmup|--runs|--min-runs|--max-runs)$/,
    place: "first-operand",
    joins: true,
    instead: OWN_SCRIPT,
  },
  {
    name: /^parallel$/,
    code: NONE,
    valued: /^(?:-[jaSNnLPI]|--(?:jobs|arg-file|colsep|results|joblog))$/,
    place: "first-operand",
    joins: true,
    dataBehind: /^:::/,
    instead: "parallel ./train ::: {x}",
  },
  {
    name: /^tmux$/,
    code: NONE,
    valued: /^-[LSfstncxyFe]$/,
    place: "first-operand",
    joins: true,
    permutes: true,
    instead: OWN_SCRIPT,
  },
  { name: /^npx$/, code: /^(?:-c|--call)$/, valued: NONE, place: "word", instead: "npx train {x}" },
  { name: /^sg$/, code: /^-c$/, valued: NONE, place: "word", permutes: true, instead: "sh -c '… $1' sh {x}" },
  {
    name: /^git$/,
    code: /^(?:-c|--config-env|--exec-path)$/,
    valued: /^(?:-C|--git-dir|--work-tree|--namespace)$/,
    place: "word",
    instead: "git tag {x}",
  },
  { name: /^expect$/, code: /^-[cb]$/, valued: NONE, place: "word", instead: "expect train.exp {x}" },
  {
    name: /^[rlc]?gdb$|^lldb$/,
    code: /^(?:--?(?:ex|iex|eval-command|init-eval-command|command|x|ix)|-[oOsS]|--one-line|--source)$/,
    valued: NONE,
    place: "word",
    permutes: true,
    instead: "gdb --args ./train {x}",
  },
  {
    name: /^(?:n?vim?|ex|emacs)$/,
    code: /^(?:-[cSs]|--cmd|--eval|--load|-l)$/,
    valued: NONE,
    place: "word",
    permutes: true,
    instead: OWN_SCRIPT,
  },
  {
    name: /^(?:psql|mysql|mariadb)$/,
    code: /^(?:-[ce]|--command|--execute)$/,
    valued: NONE,
    place: "word",
    permutes: true,
    instead: OWN_SCRIPT,
  },
  {
    name: /^find$/,
    code: /^-(?:exec|execdir|ok|okdir)$/,
    valued: NONE,
    place: "word",
    permutes: true,
    instead: "find … -exec ./train --x={x} ';'",
  },
  {
    name: /^(?:rsync|scp|sftp)$/,
    code: /^(?:-[eoS]|--rsh|--rsync-path)$/,
    valued: NONE,
    place: "word",
    permutes: true,
    instead: OWN_SCRIPT,
  },
  {
    name: /^[g]?tar$/,
    code: /^(?:-I|--use-compress-program|--to-command|--checkpoint-action|--info-script|--rsh-command)$/,
    valued: NONE,
    place: "word",
    permutes: true,
    instead: OWN_SCRIPT,
  },
  {
    name: /^strace$/,
    code: /^(?:-o|--output)$/,
    valued: NONE,
    place: "word",
    instead: "strace -o trace.log ./train {x}",
  },
];
