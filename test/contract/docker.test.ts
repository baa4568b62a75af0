import { dirname } from "node:path";
import { describe, it } from "vitest";
import { scriptExecutor } from "../../src/components/executors/command.ts";
import { executorContract } from "../../src/testing/index.ts";
import { DOCKER_IMAGE, docker } from "../support/docker.ts";
import { FULL } from "../support/thorough.ts";

const node = process.execPath;
const { sharedObjects } = JSON.parse(JSON.stringify(process.report.getReport()));
const folders = sharedObjects.filter((path: string) => path.startsWith("/")).map((path: string) => dirname(path));

// The suite's programs need a node, which the image does not have.
for (const warm of [false, true])
  executorContract(
    scriptExecutor,
    { describe: FULL ? docker.describe : describe.skip, it: it.concurrent },
    {
      environment: {
        type: "docker",
        image: DOCKER_IMAGE,
        mounts: [node, ...new Set<string>(folders)],
        variables: { PATH: `${dirname(node)}:/usr/bin:/bin` },
        warm,
      },
    },
  );
