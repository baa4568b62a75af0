import { describe, expect, it } from "vitest";
import { builtins, builtinsFor } from "../../../src/components/builtins.ts";
import { KINDS } from "../../../src/kernel/define.ts";

const names = (registry: Awaited<ReturnType<typeof builtins>>) =>
  KINDS.flatMap((kind) => registry.list(kind).map(({ type }) => `${kind} ${type}`));

describe("the built-in components", () => {
  it("are known by the type and the aliases that their definitions say", async () => {
    const registry = await builtins();
    for (const kind of KINDS) {
      const said = registry.list(kind).flatMap(({ type, aliases = [] }) => [type, ...aliases]);
      expect(registry.types(kind)).toEqual([...said].sort());
    }
  });

  it("are loaded as far as a spec names them, at any depth, and what it means without saying so", async () => {
    const spec = { researcher: { type: "search" }, experimenter: { type: "composed", collector: { type: "stdout" } } };
    expect(names(await builtinsFor(spec))).toEqual([
      "researcher search",
      "experimenter composed",
      "environment none",
      "collector stdout",
      "evaluator metric",
      "reviewer none",
    ]);
  });

  it("are all named in what is said of an unknown one, also those that are not loaded", async () => {
    const registry = await builtinsFor({ researcher: { type: "serch" } });
    expect(registry.types("researcher")).toEqual(["function", "prompt", "search"]);
    expect(() => registry.get("researcher", "serch")).toThrow('did you mean "search"?');
  });

  it("are all there for a module of the user's, which may build any of them", async () => {
    expect(names(await builtinsFor({ evaluator: { type: "./mine.ts" } }))).toEqual(names(await builtins()));
  });
});
