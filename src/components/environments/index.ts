export { DockerEnvironment, type DockerOptions } from "./docker/docker.ts";
export { NoEnvironment } from "./none.ts";
export { VenvEnvironment } from "./venv.ts";
