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

const refusedTemplate = (command: string | readonly string[]): string =>
  refusal(() => compileCommand(command, { shell: false }));

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

  it("that are none are refused by a message that does not quote the whole script", () => {
    const message = refusedTemplate(["p", `f() { ${"echo a; ".repeat(100)} }; f`]);
    expect(message).toContain('literal braces are written "{{" and "}}"');
    expect(message.length).toBeLessThan(250);
  });

  it("write numbers as decimals where that is short, booleans as words, the rest as JSON with sorted keys", () => {
    const spec = {
      tiny: 1.2e-14,
      least: 1e-16,
      a: -4e-7,
      b: 0.001,
      c: -0,
      d: 1e21,
      e: true,
      f: { z: 1, a: [true, null] },
      g: [0.1, "x"],
    };
    expect(argv("p {tiny} {least} {a} {b} {c} {d} {e} {f} {g}", spec)).toEqual([
      "p",
      "0.000000000000012",
      "1e-16",
      "-0.0000004",
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

  it("refuse numbers that are none", () => {
    expect(refusal(() => argv("p {lr}", { lr: Number.NaN }))).toContain('"lr" is NaN');
  });

  it("name the key that is missing, what there is, and the nearest", () => {
    const message = refusal(() => argv("p --lr {lrate}", { lrat: 1, epochs: 2 }));
    expect(message).toContain("no value for {lrate}");
    expect(message).toContain("did you mean {lrat}?");
    expect(message).toContain("lrat, epochs");
    expect(refusedTemplate("p {aura.sede}")).toContain("AURA has no {aura.sede}; it has id, trial_id");
    expect(refusal(() => argv("p {aura.root}"))).toContain("no value for {aura.root}");
  });

  it("list what they use", () => {
    const { uses } = compileCommand("p --r {lr} {aura.seed} --x={xs} {lr?} {m.n?} -- {o}", { shell: false });
    expect(uses).toEqual([
      { name: "lr", written: "{lr}", optional: false, joined: "--r={lr}", behind: "--r" },
      { name: "aura.seed", written: "{aura.seed}", optional: false, joined: "--seed={aura.seed}" },
      { name: "xs", written: "{xs}", optional: false },
      { name: "m.n", written: "{m.n?}", optional: true, joined: "--m.n={m.n?}" },
      { name: "o", written: "{o}", optional: false },
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

  it("is fine where the author of the spec wrote it", () => {
    const declared = { o: ["-O2", "fast"], flags: [["-a", "-b"]], c: [{ level: "-O3" }], n: "number" } as const;
    const render = (command: string, spec: JsonObject) => () =>
      compileCommand(command, { shell: false }).render({ spec, aura: AURA, declared }).args;
    expect(render("p {o}", { o: "-O2" })()).toEqual(["-O2"]);
    expect(render("p {o}{x}", { o: "-O2", x: "z" })()).toEqual(["-O2z"]);
    expect(render("p {flags...}", { flags: ["-a", "-b"] })()).toEqual(["-a", "-b"]);
    expect(render("p {c.level}", { c: { level: "-O3" } })()).toEqual(["-O3"]);
    expect(refusal(render("p {o}", { o: "-rf" }))).toContain('parameter "o"');
    expect(refusal(render("p {x}{o}", { x: "-", o: "-O2" }))).toContain('parameter "x"');
    expect(refusal(render("p {n}{x}", { n: -1, x: "x" }))).toContain('parameter "n"');
    expect(refusal(render("p {c.level}", { c: { level: "-x" } }))).toContain('parameter "c.level"');
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
});

describe("the program of a command", () => {
  it("cannot be a parameter", () => {
    expect(refusedTemplate("{prog} a")).toContain("the program itself cannot be a parameter");
    expect(refusedTemplate(["./bin/{prog}", "a"])).toContain("the program itself cannot be a parameter");
    expect(refusedTemplate("'' a")).toContain("empty word");
  });
});

describe("the word behind -c, -e or --eval", () => {
  const refused = (command: readonly string[], declared = {}): string =>
    refusal(() => compileCommand(command, { shell: false }).check(declared));

  it.each([
    [["sh", "-c", "train {x}"]],
    [["nice", "./my-runner", "-e", "f({x})"]],
    [["node", "--eval=f({x})"]],
    [["p", "-c{x}"]],
    [["p", "-c", "{x...}"]],
    [["p", "-c", "{aura.args...}"]],
  ])("holds no value that a model writes: %j", (command) => {
    expect(refused(command)).toContain("would become part of a program's text");
    expect(() => argv(command, { x: "v" })).toThrow(CommandError);
  });

  it("is refused with what to write instead", () => {
    expect(refused(["sh", "-c", "train {the-x}"])).toMatch(
      /\{the-x\} as a word behind it, or from "\$AURA_PARAM_the_x", or say in the researcher's `space`/,
    );
  });

  it("may hold what the author of the spec declared, and AURA's own", () => {
    const declared = { n: "number", o: ["adam", "sgd"] } as const;
    const template = compileCommand(["sh", "-c", "p {n} {o} {aura.seed}"], { shell: false });
    expect(() => template.check(declared)).not.toThrow();
    const render = (spec: JsonObject) => () => template.render({ spec, aura: AURA, declared }).args[1];
    expect(render({ n: 2, o: "sgd" })()).toBe("p 2 sgd 7");
    expect(render({ n: "2; x", o: "sgd" })).toThrow(/\{n\} would become/);
    expect(render({ n: 2, o: "lion" })).toThrow(/\{o\} would become/);
    expect(refused(["sh", "-c", "p {n} {x}"], declared)).toContain("{x}");
  });

  it.each([
    [["sh", "-c", "echo $1", "sh", "{x}"]],
    [["python", "-m", "train", "--lr", "{x}"]],
    [["awk", "-v", "a={x}", "{{ print a }}", "f"]],
    [["python", "train.py", "--config={x}", "-epochs={x}"]],
  ])("leaves the other words alone: %j", (command) => {
    expect(() => compileCommand(command, { shell: false }).check({})).not.toThrow();
    expect(argv(command, { x: "v" })).toHaveLength(command.length);
  });
});

describe("a text with placeholders", () => {
  it("is filled like a word", () => {
    const text = compileText("gpu{aura.slot}-{lr}");
    expect(text.uses.map(({ name }) => name)).toEqual(["aura.slot", "lr"]);
    expect(text.render({ spec: { lr: 0.1 }, aura: AURA })).toBe("gpu1-0.1");
    expect(compileText("{x?}").render({ spec: {}, aura: AURA })).toBe("");
    expect(compileText("").render({ spec: {}, aura: AURA })).toBe("");
    expect(refusal(() => compileText("{xs...}"))).toContain("no place");
  });
});
