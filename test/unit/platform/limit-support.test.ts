import { describe, expect, it } from "vitest";
import { limitGap } from "../../../src/platform/limit-support.ts";

describe.runIf(process.platform === "linux")("limits on this machine", () => {
  it("are all enforced for a plain user", () => {
    expect(limitGap({ pids: 5, memoryBytes: 1, openFiles: 9 }, 1000)).toBeNull();
  });

  it("cannot bound the number of root's processes", () => {
    expect(limitGap({ pids: 5 }, 0)).toContain("root");
    expect(limitGap({ memoryBytes: 5 }, 0)).toBeNull();
  });
});
