import { expect, test } from "vitest";
import { inputsInside } from "../../../src/components/mounts.ts";

test("an input inside of what is hidden is shown, unless it holds what is hidden or is that itself", () => {
  const hidden = ["/project/runs/x", "/project/key", "/project/key/deep", "/project/runs/x/inputs/secret"];
  expect(inputsInside(hidden, ["/project/key/a.csv", "/project/data", "/project/key"])).toEqual(["/project/key/a.csv"]);
  expect(inputsInside(hidden, ["/project/runs/x/inputs"])).toEqual([]);
  expect(inputsInside(hidden.slice(0, 1), ["/project/runs/x/inputs"])).toEqual(["/project/runs/x/inputs"]);
});
