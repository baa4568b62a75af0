/** Starts a lasting process, says which it is, and waits to be killed. */
import { never, runner, sh } from "./support.ts";

const [, , lasting = "", script = ""] = process.argv;
const onStart = (identity: object) => process.stdout.write(`${JSON.stringify(identity)}\n`);
await runner().run(sh(script, { lasting, onStart }), never);
