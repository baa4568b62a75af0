import { readFileSync } from "node:fs";

/**
 * Whether this process has its terminal to itself: a job in the background (`aura run … &`) that reads from it, or sets
 * it up, is stopped by the system. `true` where the system does not say, and without a terminal of its own.
 */
export function isInForeground(): boolean {
  try {
    const text = readFileSync("/proc/self/stat", "latin1");
    // After the program's name in parentheses: state, parent, group, session, terminal, the terminal's foreground group.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [group, foreground] = [Number(fields[2]), Number(fields[5])];
    return !(foreground > 0) || foreground === group;
  } catch {
    return true;
  }
}
