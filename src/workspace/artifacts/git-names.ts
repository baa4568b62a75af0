/** Quoted as git quotes where a name holds what would end or change it, or ends in a blank. */
export function gitName(side: "a" | "b", path: string): string {
  const name = `${side}/${path}`;
  if (!/[\u0000-\u001f\u007f"\\]|\s$/.test(name)) return name;
  const escaped = name.replace(/[\u0000-\u001f\u007f"\\]/g, (char) =>
    char === '"' || char === "\\" ? `\\${char}` : `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return `"${escaped}"`;
}

/** A tab ends a name with blanks in it. */
export function fileLine(name: string): string {
  return name.includes(" ") && !name.startsWith('"') ? `${name}\t` : name;
}
