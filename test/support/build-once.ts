import { spawnSync } from "node:child_process";

/** Tests of the command run the real, built one: brings `dist` up to date first, unless another installation is tested. */
export default function buildOnce(): void {
  if (process.env.AURA_TEST_BIN !== undefined) return;
  const built = spawnSync(process.execPath, ["scripts/prepare.mjs"], { stdio: "inherit" });
  if (built.status !== 0) throw new Error("the build failed; run `npm run build` to see why");
  process.env.AURA_TEST_BUILT = "1";
}
