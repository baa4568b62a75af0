import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/model/json.ts";
import { CommandError, compileCommand, compileText } from "../../../src/platform/command.ts";

const AURA = { seed: 7, slot: 1, inputs: ["a.csv", "b.csv"], trial_dir: "/t" };

function argv(command: string | readonly string[], spec: JsonObject = {}): readonly string[] {
  const { file, args } = compileCommand(command, { shell: false }).render({ spec, aura: AURA });
  return [file, ...args];
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

const refusedTemplate = (command: string | readonly string[], shell = false): string =>
  refusal(() => compileCommand(command, { shell }));

describe("a command given as one string", () => {
  it("is split once by the quoting rules of POSIX", () => {
    expect(argv(`prog 'a b' "c \\" d" e\\ f '' --x='1 2'"3" \\\n g`)).toEqual([
      "prog",
      "a b",
      'c " d',
      "e f",
      "",
      "--x=1 23",
      "g",
    ]);
  });

  it("fills a placeholder inside its own word, quoted or not", () => {
    expect(argv(`prog --lr={lr} "{name} end"`, { lr: 0.1, name: "a  b;c" })).toEqual([
      "prog",
      "--lr=0.1",
      "a  b;c end",
    ]);
  });

  it.each([
    "a | b",
    "a && b",
    "a; b",
    "a > f",
    "a < f",
    "a $HOME",
    "a `b`",
    "a *.txt",
    "a [ab]",
    "a ~/x",
    "a #x",
    "a\nb",
  ])("refuses %j with a hint at shell: true", (command) => {
    expect(refusedTemplate(command)).toContain("shell: true");
  });

  it("takes those characters when they are quoted or mean nothing", () => {
    expect(argv(`prog '|&;$HOME*' "a;b" HEAD~1 x#y 50% "5 $"`)).toEqual([
      "prog",
      "|&;$HOME*",
      "a;b",
      "HEAD~1",
      "x#y",
      "50%",
      "5 $",
    ]);
    expect(refusedTemplate('prog "$HOME"')).toContain("shell: true");
  });

  it("refuses quotes that are never closed, an empty command and an assignment", () => {
    expect(refusedTemplate("prog 'a")).toContain("never closed");
    expect(refusedTemplate('prog "a')).toContain("never closed");
    expect(refusedTemplate("  ")).toContain("empty");
    expect(refusedTemplate([])).toContain("empty");
    expect(refusedTemplate("SEED=1 python x.py")).toContain("env:");
  });
});

describe("placeholders", () => {
  it("take the exact key first, then reach into objects", () => {
    expect(argv(["p", "{a.b}"], { "a.b": 1, a: { b: 2 } })).toEqual(["p", "1"]);
    expect(argv(["p", "{a.b.c}"], { a: { b: { c: "deep" } } })).toEqual(["p", "deep"]);
  });

  it("reach own properties only", () => {
    for (const name of ["__proto__", "constructor", "a.prototype", "a.__proto__.x"]) {
      expect(refusedTemplate(["p", `{${name}}`])).toContain("cannot be the name of a parameter");
    }
    expect(refusal(() => argv(["p", "{toString}"], {}))).toContain("no value for {toString}");
    expect(refusal(() => argv(["p", "{a.length}"], { a: "text" }))).toContain("no value for {a.length}");
  });

  it("are told apart from literal braces", () => {
    expect(argv(["p", "{{x}}", "{{{x}}}", "}}{{"], { x: 1 })).toEqual(["p", "{x}", "{1}", "}{"]);
  });

  it.each(["{", "}", "{}", "{ }", "{a b}", "{a", "{a,b}", "{1..5}", "{lr:.3f}", "{$x}", "a{b{c}"])(
    "%j is refused, and the message shows how to write a literal brace",
    (word) => {
      const message = refusedTemplate(["p", word]);
      expect(message).toMatch(/\{\{|\}\}/);
    },
  );

  it("are told apart from a shell's braces by a message that does not quote the whole script", () => {
    const message = refusedTemplate(`f() { ${"echo a; ".repeat(100)} }; f`, true);
    expect(message).toContain('literal braces are written "{{" and "}}"');
    expect(message.length).toBeLessThan(250);
  });

  it("write numbers in their shortest exact form, booleans as words, the rest as JSON with sorted keys", () => {
    const spec = { a: 1e-7, b: 0.001, c: -0, d: 1e21, e: true, f: { z: 1, a: [true, null] }, g: [0.1, "x"] };
    expect(argv("p {a} {b} {c} {d} {e} {f} {g}", spec)).toEqual([
      "p",
      "1e-7",
      "0.001",
      "0",
      "1e+21",
      "true",
      '{"a":[true,null],"z":1}',
      '[0.1,"x"]',
    ]);
  });

  it("never scan a value again", () => {
    expect(argv(["p", "{a}", "{b}"], { a: "{secret}", b: "}}{{", secret: "s" })).toEqual(["p", "{secret}", "}}{{"]);
  });

  it("refuse numbers that are none, alone and inside lists", () => {
    expect(refusal(() => argv("p {lr}", { lr: Number.NaN }))).toContain('"lr" is NaN');
    expect(refusal(() => argv("p {lr}", { lr: [1, Number.POSITIVE_INFINITY] }))).toContain('"lr" is Infinity');
  });

  it("name the key that is missing, what there is, and the nearest", () => {
    const message = refusal(() => argv("p --lr {lrate}", { lrat: 1, epochs: 2 }));
    expect(message).toContain("no value for {lrate}");
    expect(message).toContain("did you mean {lrat}?");
    expect(message).toContain("lrat, epochs");
    expect(refusal(() => argv("p {aura.sede}"))).toContain("did you mean {aura.seed}?");
  });

  it("list what they use", () => {
    expect(compileCommand("p {lr} {aura.seed} {xs...} {lr} {m.n?}", { shell: false }).placeholders).toEqual([
      "lr",
      "aura.seed",
      "xs",
      "m.n",
    ]);
  });

  it("of AURA cannot be taken over by a parameter", () => {
    expect(argv("p {aura.seed}", { "aura.seed": "mine", aura: { seed: "mine" } })).toEqual(["p", "7"]);
  });
});

describe("{xs...}, {x?} and {aura.args...}", () => {
  it("give one word an element, none for an empty list", () => {
    expect(argv("p {xs...} end", { xs: ["a b", 2, true, { k: 1 }] })).toEqual([
      "p",
      "a b",
      "2",
      "true",
      '{"k":1}',
      "end",
    ]);
    expect(argv("p {xs...} end", { xs: [] })).toEqual(["p", "end"]);
    expect(argv("p {aura.inputs...}")).toEqual(["p", "a.csv", "b.csv"]);
    expect(refusal(() => argv("p {xs...}", { xs: 1 }))).toContain("needs a list");
    expect(refusedTemplate("p --xs={xs...}")).toContain("word of its own");
  });

  it("drop the word, and the option before it, when there is no value", () => {
    expect(argv("p --lr {lr?} --out dir", {})).toEqual(["p", "--out", "dir"]);
    expect(argv("p --lr {lr?} x", { lr: null })).toEqual(["p", "x"]);
    expect(argv("p --lr {lr?} x", { lr: 1 })).toEqual(["p", "--lr", "1", "x"]);
    expect(argv("p --fast --lr={lr?} x", {})).toEqual(["p", "--fast", "x"]);
    expect(argv("p --mode=a {lr?} x", {})).toEqual(["p", "--mode=a", "x"]);
    expect(argv("p sub {lr?} x", {})).toEqual(["p", "sub", "x"]);
    expect(argv("p --a {x?} {y?}", {})).toEqual(["p"]);
    expect(argv("p -- {x?}", {})).toEqual(["p", "--"]);
    expect(argv("p --xs {xs...?} z", {})).toEqual(["p", "z"]);
  });

  it("ask for ? where a value is null", () => {
    expect(refusal(() => argv("p {lr}", { lr: null }))).toContain("{lr?}");
  });

  it("write every parameter as --name=value", () => {
    expect(argv("p {aura.args...}", { lr: 0.1, x: "-rf", none: null, o: { b: 1, a: 2 } })).toEqual([
      "p",
      "--lr=0.1",
      "--x=-rf",
      '--o={"a":2,"b":1}',
    ]);
    expect(refusal(() => argv("p {aura.args...}", { "a=b; c": 1 }))).toContain("cannot be an option name");
    expect(refusedTemplate("p {aura.args}")).toContain("{aura.args...}");
  });
});

describe("a value that would become an option", () => {
  it.each(["-rf", "--help", "-", "--config=/etc/x", "-1x", "--1"])("%j as a whole word is refused", (x) => {
    expect(refusal(() => argv("p {x}", { x }))).toContain('parameter "x"');
    expect(refusal(() => argv("p {xs...}", { xs: ["a", x] }))).toContain('parameter "xs[1]"');
    expect(refusal(() => argv("p {a}{x}", { a: "", x }))).toContain("would be read as an option");
  });

  it("is refused with a form that can be written, for a list too", () => {
    const message = refusal(() => argv("p {xs...}", { xs: ["a", "-b"] }));
    expect(message).toContain("put -- before {xs...}, or write --name={xs}");
    expect(refusal(() => argv("p {x}", { x: "-b" }))).toContain("write --name={x}, or put -- before it");
  });

  it("is fine as a number, inside a word, and behind --", () => {
    expect(argv("p {x}", { x: -0.5 })).toEqual(["p", "-0.5"]);
    expect(argv("p {x}", { x: "-1e-3" })).toEqual(["p", "-1e-3"]);
    expect(argv("p --x={x}", { x: "-rf" })).toEqual(["p", "--x=-rf"]);
    expect(argv("p -- {x}", { x: "-rf" })).toEqual(["p", "--", "-rf"]);
  });
});

describe("what the system would not take", () => {
  it("is refused with the parameter's name", () => {
    expect(refusal(() => argv("p {x}", { x: "a\0b" }))).toMatch(/"x" holds a NUL/);
    expect(refusal(() => argv("p {x}", { x: "a\ud800b" }))).toMatch(/"x" holds half of a surrogate pair/);
    const long = refusal(() => argv("p {x}", { x: "é".repeat(100_000) }));
    expect(long).toContain('"x"');
    expect(long).toContain("{aura.params_file}");
    expect(argv("p {x}", { x: "a".repeat(131_071) })[1]).toHaveLength(131_071);
    const xs = Array.from({ length: 12 }, () => "a".repeat(100_000));
    expect(refusal(() => argv("p {xs...}", { xs }))).toContain("{aura.params_file}");
  });

  it("includes lists nested without end", () => {
    let x: JsonObject[] = [];
    for (let i = 0; i < 50_000; i++) x = [{ x }];
    expect(refusal(() => argv("p {x}", { x }))).toContain("nested");
  });
});

describe("the program of a command", () => {
  it("cannot be a parameter", () => {
    expect(refusedTemplate("{prog} a")).toContain("the program itself cannot be a parameter");
    expect(refusedTemplate(["./bin/{prog}", "a"])).toContain("the program itself cannot be a parameter");
    expect(refusedTemplate("'' a")).toContain("empty word");
  });

  it.each([
    [["sh", "-c", "echo {x}"]],
    [["/bin/sh", "-c", "echo {x}"]],
    [["bash", "-lc", "echo {x}"]],
    [["bash", "-c", "-e", "echo {x}"]],
    [["bash", "-o", "pipefail", "-c", "echo {x}"]],
    [["bash", "-c", "-o", "pipefail", "echo {x}"]],
    [["bash", "--rcfile", "f", "-c", "echo {x}"]],
    [["bash", "+e", "-c", "echo {x}"]],
    [["sh", "-c", "--", "echo {x}"]],
    [["sh", "-c{x}"]],
    [["sh", "-{x}", "echo"]],
    [["dash", "-ec", "{x}"]],
    [["zsh", "-c", "{xs...}"]],
    [["env", "A=1", "sh", "-c", "echo {x}"]],
    [["/usr/bin/env", "-i", "bash", "-c", "echo {x}"]],
    [["timeout", "5", "nice", "sh", "-c", "echo {x}"]],
    [["python", "launch.py", "bash", "-c", "echo {x}"]],
    [["busybox", "sh", "-c", "echo {x}"]],
    [["find", ".", "-exec", "sh", "-c", "{x}", ";"]],
    [["su", "me", "-c", "echo {x}"]],
    [["env", "-S", "python {x}"]],
    [["ssh", "-p", "22", "host", "run", "{x}"]],
  ])("refuses program text in %j and shows the positional form", (command) => {
    expect(refusedTemplate(command)).toMatch(/pass it as an argument/);
  });

  it("shows how a shell takes a value as data", () => {
    expect(refusedTemplate("sh -c 'train {lr}'")).toContain("sh -c '… $1' sh {lr}");
  });

  it.each([
    [["python3", "-c", "print({x})"]],
    [["python3.11", "-uc", "print({x})"]],
    [["/venv/bin/python", "-W", "ignore", "-X", "dev", "-c", "print({x})"]],
    [["python", "-c{x}"]],
    [["uv", "run", "python", "-c", "{x}"]],
    [["node", "-e", "f({x})"]],
    [["node", "-r", "mod", "--eval", "f({x})"]],
    [["node", "--eval=f({x})"]],
    [["node", "-pe", "{x}"]],
    [["deno", "eval", "{x}"]],
    [["perl", "-ne", "print {x}"]],
    [["perl", "-e", "1", "-e", "{x}"]],
    [["ruby", "-e", "{x}"]],
    [["Rscript", "-e", "{x}"]],
    [["awk", "-v", "a=1", "{{ print {x} }}", "f"]],
    [["sed", "-n", "s/a/{x}/", "f"]],
    [["sed", "-e", "p", "-e", "s/a/{x}/", "f"]],
  ])("refuses the program text of %j as well", (command) => {
    expect(refusedTemplate(command)).toMatch(/pass it as an argument/);
  });

  it.each([
    [["sh", "-c", "echo $1", "sh", "{x}"]],
    [["bash", "run.sh", "-c", "{x}"]],
    [["python", "train.py", "-c", "{x}"]],
    [["python", "-c", "import sys", "{x}"]],
    [["python", "-m", "train", "--lr", "{x}"]],
    [["node", "--max-old-space-size={x}", "train.js", "-e", "{x}"]],
    [["node", "-e", "1", "{x}"]],
    [["python", "train.py", "--backend", "node", "-e", "{x}"]],
    [["awk", "-v", "a={x}", "{{ print a }}", "f"]],
    [["awk", "-f", "prog.awk", "{x}"]],
    [["sed", "-n", "p", "{x}"]],
    [["env", "A={x}", "python", "train.py", "{x}"]],
    [["python", "train.py", "--shell", "bash", "{x}"]],
  ])("takes %j", (command) => {
    expect(compileCommand(command, { shell: false }).placeholders).toEqual(["x"]);
  });
});

describe("a text with placeholders", () => {
  it("is filled like a word", () => {
    const text = compileText("gpu{aura.slot}-{lr}");
    expect(text.placeholders).toEqual(["aura.slot", "lr"]);
    expect(text.render({ spec: { lr: 0.1 }, aura: AURA })).toBe("gpu1-0.1");
    expect(compileText("{x?}").render({ spec: {}, aura: AURA })).toBe("");
    expect(compileText("").render({ spec: {}, aura: AURA })).toBe("");
    expect(refusal(() => compileText("{xs...}"))).toContain("no place");
  });
});
