import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";
import { thirdPartyLicenses } from "./scripts/third-party-licenses.ts";

const shared = {
  platform: "node",
  target: "node20.19",
  format: "esm",
  fixedExtension: false,
  report: false,
} as const;

/**
 * The command carries everything it needs, split so that each command loads only its own part. `jiti` stays outside: it
 * loads its compiler from beside itself.
 */
const cli = defineConfig({
  ...shared,
  entry: {
    main: "src/cli/main.ts",
    "function-child": "src/platform/function-child.ts",
  },
  outDir: "dist/cli",
  dts: false,
  minify: true,
  noExternal: [/.*/],
  external: [/^aura-research/, "jiti"],
  plugins: [thirdPartyLicenses()],
  alias: { "react-devtools-core": fileURLToPath(new URL("./scripts/empty-module.mjs", import.meta.url)) },
  define: { "process.env.NODE_ENV": '"production"' },
  banner: {
    js: "import { createRequire as auraCreateRequire } from 'node:module'; const require = auraCreateRequire(import.meta.url);",
  },
});

/** `aura inspect` in one CommonJS file: reading it costs less than starting the loader of modules. */
const fast = defineConfig({
  ...shared,
  format: "cjs",
  entry: { inspect: "src/cli/inspect-fast.ts" },
  outDir: "dist/fast",
  outExtensions: () => ({ js: ".cjs" }),
  dts: false,
  minify: true,
  noExternal: [/.*/],
});

/** The library keeps its dependencies outside. */
const library = defineConfig({
  ...shared,
  entry: {
    index: "src/index.ts",
    testing: "src/testing/index.ts",
    "function-child": "src/platform/function-child.ts",
  },
  outDir: "dist/lib",
  dts: true,
});

export default [cli, fast, library].flat();
