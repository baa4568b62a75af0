export { JSONFileCollector } from "./json-file.ts";
export { LogParserCollector } from "./log-parser.ts";
export { StdoutCollector } from "./stdout.ts";
