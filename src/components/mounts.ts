import type { HouseSchema } from "../schema/dialect.ts";

/** A file, folder or device of this machine that trials see where it is, by its absolute path. */
export interface Mount {
  readonly path: string;
  /** Default `false`: read-only. */
  readonly write?: boolean;
}

/** All of the disk would be in the place of what a sandbox or an image has. */
const PATH = {
  type: "string",
  minLength: 1,
  pattern: "^(?!(?:/\\.{0,2})+$)",
  "x-path": "any",
  "x-expected": "a path other than /",
} as const satisfies HouseSchema;

/** One of the option `mounts`: a path, or a path and whether it may be written. */
export const MOUNT = {
  anyOf: [
    PATH,
    {
      type: "object",
      properties: {
        path: PATH,
        write: { type: "boolean", description: "Whether trials may write there; default `false`." },
      },
      required: ["path"],
      additionalProperties: false,
    },
  ],
  "x-path": "any",
} as const satisfies HouseSchema;

/** Mounts as they were given, by absolute paths. */
export function absoluteMounts(
  mounts: readonly (string | Mount)[],
  absolute: (path: string) => string,
): readonly Required<Mount>[] {
  return mounts.map((mount) => {
    const { path, write = false } = typeof mount === "string" ? { path: mount } : mount;
    return { path: absolute(path), write };
  });
}
