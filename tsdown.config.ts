import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";
import { thirdPartyLicenses } from "./scripts/third-party-licenses.ts";

const shared = {
  platform: "node",
  target: "node20.19",
  fixedExtension: false,
  report: false,
} as const;

/** What both parts of the command are: they carry everything they need. */
const carried = {
  ...shared,
  dts: false,
  minify: true,
  deps: { alwaysBundle: [/.*/] },
  plugins: [thirdPartyLicenses()],
  define: { "process.env.NODE_ENV": '"production"' },
};

/**
 * The command, split so that each command loads only its own part; CommonJS, which Node starts quicker than modules.
 * `jiti` stays outside: it loads its compiler from beside itself.
 */
const cli = defineConfig({
  ...carried,
  format: "cjs",
  checks: { legacyCjs: false },
  entry: {
    main: "src/cli/main.ts",
    "function-child": "src/platform/function-child.ts",
  },
  outDir: "dist/cli",
  deps: { ...carried.deps, neverBundle: [/^aura-research/, "jiti"] },
  plugins: [...carried.plugins, dashboardApart()],
  // A look at a run is the most frequent command: what it takes is two files, however many commands share parts of it.
  outputOptions: {
    codeSplitting: {
      groups: [
        { name: "base", test: /src\/cli\/main\.ts$/, priority: 2 },
        { name: "inspect", test: /src\/cli\/inspect\.ts$/, priority: 1 },
      ],
    },
  },
});

/** The dashboard: modules, because Ink waits for something while it is loaded. */
const ui = defineConfig({
  ...carried,
  format: "esm",
  entry: { index: "src/ui/index.ts" },
  outDir: "dist/ui",
  alias: { "react-devtools-core": fileURLToPath(new URL("./scripts/empty-module.mjs", import.meta.url)) },
  banner: {
    js: "import { createRequire as auraCreateRequire } from 'node:module'; const require = auraCreateRequire(import.meta.url);",
  },
});

/** The library keeps its dependencies outside. */
const library = defineConfig({
  ...shared,
  format: "esm",
  entry: {
    index: "src/index.ts",
    testing: "src/testing/index.ts",
    "function-child": "src/platform/function-child.ts",
  },
  outDir: "dist/lib",
  dts: true,
  // Else a project needs this of its own, or `skipLibCheck`.
  banner: { dts: '/// <reference lib="esnext.disposable" />' },
});

/** What starts once for each job of a cluster, and so is a file of its own with nothing in it that it does not need. */
const clusterChild = (["cjs", "esm"] as const).map((format) =>
  defineConfig({
    ...carried,
    format,
    checks: { legacyCjs: false },
    entry: { "cluster-child": "src/platform/cluster-child.ts" },
    outDir: format === "cjs" ? "dist/cli" : "dist/lib",
    plugins: [],
  }),
);

/** Has the command load the dashboard from where it is built. */
function dashboardApart() {
  return {
    name: "dashboard-apart",
    resolveId: (id: string) => (id === "../ui/index.ts" ? { id: "../ui/index.js", external: true } : null),
  };
}

export default [cli, ui, library, ...clusterChild].flat();
