export { CondaEnvironment } from "./conda.ts";
export { DockerEnvironment, type DockerOptions } from "./docker/docker.ts";
export { NoEnvironment } from "./none.ts";
export { UvEnvironment } from "./uv.ts";
export { VenvEnvironment } from "./venv.ts";
