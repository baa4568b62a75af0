import { describe, it } from "vitest";
import { builtins as allBuiltins } from "../../src/components/builtins.ts";
import { KINDS } from "../../src/kernel/define.ts";
import { definitionContract } from "../../src/testing/definition-contract.ts";

const builtins = await allBuiltins();

for (const kind of KINDS) {
  for (const definition of builtins.list(kind)) definitionContract(definition, { describe, it });
}
