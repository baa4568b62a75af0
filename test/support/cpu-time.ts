/** How long this process has computed so far, in milliseconds: unlike a clock it stands still while others are at work. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
