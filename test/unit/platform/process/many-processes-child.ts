import { getEventListeners } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { never, newMarker, runner, sh, until } from "./support.ts";

/**
 * Starts 120 processes, three at a time, waits until all they used is given back, and prints what is left. It is a
 * program of its own because the descriptors of a test worker are not only this test's.
 */
async function main(): Promise<void> {
  using processes = runner();
  const stop = new AbortController();
  const lane = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) {
      const more = { marker: newMarker(), timeoutMs: 60_000, onLine: () => {}, ...(i % 3 ? {} : { stdin: "x" }) };
      await processes.run(sh("echo $PPID; exit 1", more), stop.signal);
    }
  };
  await processes.run(sh("true"), never);
  const before = descriptors().length;
  await Promise.all([lane(), lane(), lane()]);
  const listeners = getEventListeners(stop.signal, "abort").length;
  const left = () => ({ more: descriptors().slice(before), listeners, zombies: zombies() });
  let last = left();
  await until(() => {
    last = left();
    return last.more.length === 0 && last.zombies.length === 0;
  }).catch(() => undefined);
  console.log(JSON.stringify(last));
}

function descriptors(): readonly string[] {
  return readdirSync("/proc/self/fd");
}

/** Children of this process that have ended and were not collected. */
function zombies(): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/stat`)) return false;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return state === "Z" && Number(parent) === process.pid;
    } catch {
      return false;
    }
  });
}

await main();
