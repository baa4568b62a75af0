// Ink asks the environment once, as it is loaded, whether there are colours: with these there are, in every test file.
const before = process.env.FORCE_COLOR;
process.env.FORCE_COLOR = "1";
await import("ink");
if (before === undefined) delete process.env.FORCE_COLOR;
else process.env.FORCE_COLOR = before;

export {};
