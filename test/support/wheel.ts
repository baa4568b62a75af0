import { execFileSync } from "node:child_process";

const BUILD = `
import sys, zipfile
folder, name, version = sys.argv[1:]
info = f"{name}-{version}.dist-info"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    wheel.writestr(f"{name}.py", f"VERSION = '{version}'\\ndef main(): print('version:', VERSION)\\n")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/entry_points.txt", f"[console_scripts]\\n{name}={name}:main\\n")
    wheel.writestr(f"{info}/RECORD", "")
`;

/** Puts a package into a folder from which it is installed without a network: a module and a program of its name. */
export function wheel(folder: string, name: string, version: string): void {
  execFileSync("python3", ["-c", BUILD, folder, name, version]);
}
