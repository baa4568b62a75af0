/** A program that runs text it is given as an argument. */
export interface Interpreter {
  readonly name: RegExp;
  /** Options whose value is a program. */
  readonly code: RegExp;
  /** Options that take the next word as their own value. */
  readonly valued: RegExp;
  /**
   * Where the program is: `word`, right after the option; `last-word`, and all that follows are its arguments;
   * `rest`, that and all that follows; `operand`, the first operand after the option, as shells have it;
   * `first-operand`, unless an option gave it.
   */
  readonly place: "word" | "last-word" | "rest" | "operand" | "first-operand";
  /** Options after which there is no program among the operands. */
  readonly programFile?: RegExp;
  /** Its first operand is a script, and the words behind that are the script's arguments. */
  readonly takesScript?: true;
  /** All operands together are the program. */
  readonly joins?: true;
  /** An operand behind which there are no more programs. */
  readonly dataBehind?: RegExp;
  /** Options may also come after operands. */
  readonly permutes?: true;
  /** How to hand a value over as data; `{x}` stands for the placeholder. */
  readonly instead: string;
}

const NONE = /^$/;

export const SHELL: Interpreter = {
  name: /^-?(?:r?ba|da|r?z|r?k|mk|pdk|ok|lok|lk|a|ya|po|hu|fi|c|tc|o|xon|elvi)?sh(?:-?[0-9.]+)?$/,
  code: /^[-+][A-Za-z]*c[A-Za-z]*$/,
  valued: /^(?:[-+][A-Za-z]*[oO]|--rcfile|--init-file)$/,
  place: "operand",
  takesScript: true,
  instead: "sh -c '… $1' sh {x}",
};

/** Programs other than shells; one with a shell's name is found first. */
export const INTERPRETERS: readonly Interpreter[] = [
  {
    name: /^(?:python|pypy)[0-9.]*$/,
    code: /^-[A-Za-z]*c$/,
    valued: /^(?:-[A-Za-z]*[WX]|--check-hash-based-pycs)$/,
    place: "last-word",
    takesScript: true,
    instead: "python -c '… sys.argv[1]' {x}",
  },
  {
    name: /^(?:node|nodejs|bun|deno|tsx)$/,
    code: /^(?:-[ep]+|--eval|--print|eval|-r|--require|--import|--loader|--experimental-loader|--preload|--env-file)$/,
    valued: /^(?:-C|--conditions)$/,
    place: "word",
    takesScript: true,
    instead: "node -e '… process.argv[1]' {x}",
  },
  {
    name: /^perl[0-9.]*$/,
    code: /^-[A-Za-z0-9]*[eEM]$/,
    valued: /^-I$/,
    place: "word",
    takesScript: true,
    instead: "perl -e '… $ARGV[0]' {x}",
  },
  {
    name: /^ruby[0-9.]*$/,
    code: /^-[A-Za-z]*[er]$/,
    valued: /^-[IC]$/,
    place: "word",
    takesScript: true,
    instead: "ruby -e '… ARGV[0]' {x}",
  },
  {
    name: /^php[0-9.]*$/,
    code: /^(?:-[rBRE]|--run)$/,
    valued: /^-[dcz]$/,
    place: "word",
    takesScript: true,
    instead: "php -r '… $argv[1]' {x}",
  },
  {
    name: /^julia$/,
    code: /^(?:-[eE]|--eval|--print)$/,
    valued: /^-[JCptLH]$/,
    place: "word",
    takesScript: true,
    instead: "julia -e '… ARGS[1]' {x}",
  },
  {
    name: /^(?:Rscript|R)$/,
    code: /^-e$/,
    valued: NONE,
    place: "word",
    takesScript: true,
    instead: "Rscript -e '… commandArgs(TRUE)[1]' {x}",
  },
  {
    name: /^lua(?:jit)?[0-9.]*$/,
    code: /^-e$/,
    valued: /^-l$/,
    place: "word",
    takesScript: true,
    instead: "a script of your own with {x} as an argument",
  },
  {
    name: /^[gmn]?awk$/,
    code: /^(?:-e|--source)$/,
    valued: /^-[vF]$/,
    place: "first-operand",
    programFile: /^(?:-f|--file)$/,
    instead: "awk '… ARGV[1]' {x}",
  },
  {
    name: /^g?sed$/,
    code: /^(?:-[A-Za-z]*e|--expression)$/,
    valued: /^-l$/,
    place: "first-operand",
    programFile: /^(?:-f|--file)$/,
    instead: "a script of your own with {x} as an argument",
  },
  {
    name: /^ssh$/,
    code: /^-[oF]$/,
    valued: /^-[BbcDEeIiJLlmOpQRSWw]$/,
    place: "first-operand",
    joins: true,
    instead: "a script on that machine that reads {x} from its input",
  },
  {
    name: /^env$/,
    code: /^(?:-[A-Za-z0-9]*S.*|--split-string(?:=.*)?)$/s,
    valued: /^-[uC]$/,
    place: "rest",
    instead: "env python train.py {x}",
  },
  {
    name: /^(?:su|runuser|script|flock)$/,
    code: /^(?:-[A-Za-z]*c|--command)$/,
    valued: NONE,
    place: "word",
    permutes: true,
    instead: "sh -c '… $1' sh {x}",
  },
];
