import { symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { viewOf } from "../../../src/components/trial-view.ts";
import { systemEffects } from "../../../src/platform/system.ts";
import { temporaryDirectory } from "../../../src/testing/temp-dir.ts";

const { files } = systemEffects();

test("an input inside of what is hidden is shown, unless it holds what is hidden or is that itself", () => {
  using dir = temporaryDirectory();
  for (const path of ["key/a.csv", "key/deep/x", "data/x", "ws/inputs/secret"]) dir.write(path, "");
  const again = (inputs: readonly string[], hidden: readonly string[]) => {
    const at = (paths: readonly string[]) => paths.map((path) => dir.join(path));
    const place = { root: dir.path, inputs: at(inputs), libraries: [], hidden: at(hidden) };
    return viewOf(place, [], files).again.map(({ path }) => path.slice(dir.path.length + 1));
  };
  const hidden = ["ws", "key", "key/deep", "ws/inputs/secret"];
  expect(again(["key/a.csv", "data", "key"], hidden)).toEqual(["key/a.csv"]);
  expect(again(["ws/inputs"], hidden)).toEqual([]);
  expect(again(["ws/inputs"], ["ws"])).toEqual(["ws/inputs"]);
});

test("what is hidden is so by every path, and the trial's folder is there by every path", () => {
  using dir = temporaryDirectory();
  for (const path of ["real/.env", "real/ws/t/x", "other/ws/sub/key"]) dir.write(path, "");
  const [root, real] = [dir.join("link"), dir.join("real")];
  symlinkSync(real, root);
  const place = {
    root,
    inputs: [],
    libraries: [],
    hidden: [`${root}/.env`, `${root}/ws`, `${root}/ws/t/x`],
    trialDir: `${root}/ws/t`,
  };
  const { masked, again } = viewOf(place, [], files);
  expect(masked.map(({ path }) => path).sort()).toEqual([`${root}/.env`, `${root}/ws`, `${real}/.env`, `${real}/ws`]);
  expect(again.map(({ path, from }) => [path, from])).toEqual([
    [`${real}/ws/t`, `${real}/ws/t`],
    [`${root}/ws/t`, `${real}/ws/t`],
  ]);
  const [outer, key] = [dir.join("other/ws"), dir.join("other/ws/sub/key")];
  const inside = viewOf({ ...place, hidden: [outer, key] }, [{ path: dir.join("other/ws/sub") }], files);
  expect(inside.masked).toEqual([{ path: key, isFolder: false }]);
});
