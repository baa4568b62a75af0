import { expect, test } from "vitest";
import { createArtifactsView } from "../../../../src/workspace/states/view.ts";
import { world } from "./rig.ts";

test("stages see the files of a state: text in full or cut, binary files and links without contents", () => {
  const { project, store } = world({
    "src/a.py": "print(1)\n",
    "src/big.txt": `x${"é".repeat(200_000)}`,
    "src/bin": Uint8Array.from([0, 1]),
    "src/link": { link: "a.py" },
    "src/empty": null,
  });
  const { id } = store.capture(project, ["src"]).snapshot;
  const view = createArtifactsView(store, { base: id, parent: id, start: id, baseOf: "i00000-h000" });
  expect(view.files(id)).toEqual([
    { path: "src/a.py", size: 9, content: "print(1)\n" },
    { path: "src/big.txt", size: 400_001, content: `x${"é".repeat(131_071)}\n[cut: 262144 of 400001 bytes]\n` },
    { path: "src/bin", size: 2, content: null },
    { path: "src/link", size: 0, content: null },
  ]);
  expect(view.diff(id, id)).toBe("");
  expect([view.base, view.start]).toEqual([id, id]);
});
