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
  // A look at a run is the most frequent command: what it takes is two files, however many commands share parts of it.
  outputOptions: {
    codeSplitting: {
      groups: [
        { name: "base", test: /src\/cli\/main\.ts$/, priority: 2 },
        { name: "inspect", test: /src\/cli\/inspect\.ts$/, priority: 1 },
      ],
    },
  },
  banner: {
    js: "import { createRequire as auraCreateRequire } from 'node:module'; const require = auraCreateRequire(import.meta.url);",
  },
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

export default [cli, library].flat();
