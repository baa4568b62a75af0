import { withTool } from "./tools.ts";

/** An image that holds a busybox and nothing else. */
export const DOCKER_IMAGE = "aura-busybox";
/** The image is made here: nothing is pulled. */
export const docker = withTool("docker, with busybox for an image", [
  "sh",
  "test/support/docker-image.sh",
  DOCKER_IMAGE,
]);
