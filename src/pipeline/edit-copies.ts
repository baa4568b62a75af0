import type { EditCopies } from "../kernel/context.ts";
import type { CarriedState } from "../model/iteration.ts";
import { copiesDir } from "../workspace/layout.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ProjectCopies } from "./artifact-states.ts";
import type { InputGuard } from "./inputs.ts";
import type { TrialFolders } from "./keep.ts";

interface EditCopiesDeps {
  readonly workspace: Workspace;
  readonly project: ProjectCopies;
  readonly inputs: InputGuard;
  readonly folders: TrialFolders;
}

/** Copies of the project in the base state of an iteration, under its `copies` folder. */
export function createEditCopies(deps: EditCopiesDeps, iteration: number, base: CarriedState): EditCopies {
  const { workspace, project, inputs, folders } = deps;
  return {
    async make(name) {
      const dir = `${copiesDir(workspace.root, iteration)}/${name}`;
      workspace.assertWritable();
      inputs.assertUnchanged();
      await project.make(base.snapshot, dir);
      return {
        dir,
        changes() {
          const input = inputs.changed();
          if (input === null) return project.changes(dir, base.snapshot);
          const message = `an input was changed, which is read-only data: ${input}`;
          return { ok: false, failure: { code: "input-changed", message } };
        },
        remove: () => folders.remove(dir),
      };
    },
  };
}
