import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "../../src/testing/temp-dir.ts";

/** What conda and micromamba do that AURA asks of them, as far as it can be told from their sources. */
const STAND_IN = `#!/bin/sh
echo "$(basename "$0") $*" >> "$CONDA_STAND_IN/calls"
make() { mkdir -p "$1/conda-meta" "$1/bin"; : > "$1/conda-meta/measure-1.0-h1_0.json"; printf '#!/bin/sh\\necho "$ACTIVATED $CONDA_PREFIX"\\n' > "$1/bin/measure"; chmod +x "$1/bin/measure"; }
case "$1 $2" in
  "--version ") echo "1" ;;
  "env list") echo "{ \\"envs\\": [\\"$CONDA_STAND_IN\\", \\"$CONDA_STAND_IN/envs/ml-env\\"] }" ;;
  "env create") make "$4" ;;
  "create --yes") make "$4" ;;
  "run -p")
    prefix=$3; shift 3
    if [ "$(basename "$0")" != micromamba ]; then [ "$1" = --no-capture-output ] || exit 9; shift; fi
    [ "\${1#-}" = "$1" ] || exit 8
    ACTIVATED="by
activate.d" CONDA_PREFIX=$prefix CONDA_DEFAULT_ENV=$(basename "$prefix") PATH=$prefix/bin:$PATH exec "$@" ;;
  *) exit 7 ;;
esac
`;

/** A machine with a stand-in for a program, first on its PATH, and an environment `ml-env`. */
export function condaMachine(program: "conda" | "mamba" | "micromamba") {
  const conda = temporaryDirectory();
  onTestFinished(() => conda[Symbol.dispose]());
  mkdirSync(conda.join("bin"));
  writeFileSync(conda.join("bin", program), STAND_IN);
  chmodSync(conda.join("bin", program), 0o755);
  const prefix = conda.join("envs", "ml-env");
  mkdirSync(join(prefix, "conda-meta"), { recursive: true });
  mkdirSync(join(prefix, "bin"));
  writeFileSync(join(prefix, "conda-meta", "r-base-4.3.1-h29c4799_3.json"), "{}");
  writeFileSync(join(prefix, "bin", "measure"), '#!/bin/sh\necho "$ACTIVATED $CONDA_PREFIX"\n');
  chmodSync(join(prefix, "bin", "measure"), 0o755);
  const variables = { PATH: `${conda.join("bin")}:${process.env.PATH ?? "/usr/bin:/bin"}`, CONDA_STAND_IN: conda.path };
  const calls = () => (conda.read("calls") ?? "").trim().split("\n");
  return { variables, prefix, calls };
}
