export { NoEnvironment } from "./none.ts";
