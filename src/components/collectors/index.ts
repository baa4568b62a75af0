export { StdoutCollector } from "./stdout.ts";
