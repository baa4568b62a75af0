/**
 * The process in which a function of a user's module is called: reads one request from stdin, leaves the result in the
 * file that the request names. Stdout and stderr are the function's own.
 */
import { renameSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import type { JsonValue } from "../model/json.ts";
import type { ChildRequest } from "./function-host.ts";
import { loadModule } from "./modules.ts";
import { plainJson } from "./plain-json.ts";

type Answer =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly message: string; readonly stack: string };

async function answer(request: ChildRequest): Promise<Answer> {
  try {
    const exported = exportOf(await load(request.module), request.export);
    if (typeof exported !== "function") {
      const message = `${request.module} exports no function called "${request.export}"`;
      return { ok: false, message, stack: message };
    }
    const context = request.context === null ? [] : [{ ...request.context, step }];
    const result = plainJson((await exported(...request.args, ...context)) ?? null);
    if (result.ok) return result;
    const message = `what ${request.export} returned cannot be written as JSON: ${result.reason}`;
    return { ok: false, message, stack: message };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, message, stack: (error instanceof Error ? error.stack : undefined) ?? message };
  }
}

/** Plain JavaScript needs no loader, unless what it imports is found by one only. */
async function load(module: string): Promise<Readonly<Record<string, unknown>>> {
  if (!/\.[cm]?js$/.test(module)) return loadModule(module);
  try {
    return await import(pathToFileURL(module).href);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return loadModule(module);
    throw error;
  }
}

/**
 * What a module exports under a name. Where Node cannot read the names of a CommonJS module from its text, and for the
 * default of an ES module that was compiled to CommonJS, it is inside of what Node gives as the default export.
 */
function exportOf(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  const { [name]: named, default: whole } = exports;
  const isHolder = (typeof whole === "object" && whole !== null) || typeof whole === "function";
  if (typeof named === "function" || !isHolder || !Object.hasOwn(whole, name)) return named;
  return Reflect.get(whole, name);
}

function step(data: unknown): void {
  const plain = plainJson(data);
  if (plain.ok) process.stdout.write(`${JSON.stringify(plain.value)}\n`);
}

async function answerOnce(): Promise<void> {
  const request: ChildRequest = JSON.parse(await text(process.stdin));
  const result = await answer(request);
  writeFileSync(`${request.resultFile}.part`, JSON.stringify(result));
  renameSync(`${request.resultFile}.part`, request.resultFile);
  // What the module keeps open (timers, connections) must not hold the process.
  process.exit(0);
}

void answerOnce();
