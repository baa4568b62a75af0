import type { EnvironmentVariables } from "../kernel/effects.ts";
import { RunnerError } from "../kernel/errors.ts";
import type { LlmOptions } from "./llm-options.ts";

/** How a provider is reached. */
export interface Reached {
  /** The variables that hold the key and the address where no option says so. */
  readonly keyVariable: string;
  readonly addressVariable: string;
  /** A variable from which the provider's client takes further headers, a `Name: value` a line. */
  readonly headerVariable?: string;
  /** Where requests go; the provider's own address when there is no other. */
  readonly endpoint: (base: string | undefined) => URL;
}

/** Shorter ones are a local server's dummy and would be redacted out of ordinary words. */
const SHORTEST_SECRET = 8;

/** Why a server cannot be reached by this address, without any of what it says; `null` when it can be tried. */
export function addressProblem(address: string): string | null {
  if (!URL.canParse(address) || !/^https?:/.test(address))
    return "this is no address of a server; write it as https://host, or https://host:port/path";
  const { username, password } = new URL(address);
  if (username === "" && password === "") return null;
  return "a name or password in an address is never sent; name the environment variable that holds the key, as api_key_env";
}

/** Where requests go and with what key, and all that is secret about it. */
export interface Access {
  readonly url: URL;
  readonly key: string | null;
  readonly keyName: string;
  readonly secrets: readonly string[];
}

/**
 * Reads the environment. Throws `RunnerError`: `credentials` without a key where the provider's own address needs one,
 * `rejected` for an address from the environment that is none.
 */
export function accessOf(provider: Reached, options: LlmOptions, variables: EnvironmentVariables): Access {
  const { keyVariable, addressVariable } = provider;
  const fromOutside = variables.get(addressVariable)?.trim();
  const base = options.baseUrl ?? (fromOutside === "" ? undefined : fromOutside);
  const problem = base === undefined ? null : addressProblem(base);
  if (problem !== null) throw new RunnerError("rejected", `${addressVariable}: ${problem}`);
  const url = provider.endpoint(base);
  const keyName = options.apiKeyEnv ?? keyVariable;
  const key = (variables.get(keyName) ?? "").trim();
  if (key === "" && base === undefined) {
    throw new RunnerError(
      "credentials",
      `the environment variable ${keyName} is not set: it holds the key of the model provider; set it, or use a runner that needs none (replay, command, a server of your own at base_url)`,
    );
  }
  // Otherwise the HTTP client would refuse the header, with the key in its message.
  if (!/^[\x21-\x7e]*$/.test(key)) {
    throw new RunnerError("credentials", `the environment variable ${keyName} holds characters that no key has`);
  }
  const { headerVariable } = provider;
  const headers = headerVariable === undefined ? "" : (variables.get(headerVariable) ?? "");
  const sent = [
    ...Object.values(options.headers ?? {}),
    ...headers.split("\n").map((line) => line.slice(line.indexOf(":") + 1).trim()),
  ];
  const values = [
    key,
    ...sent,
    // The token of `Bearer TOKEN` by itself.
    ...sent.map((value) => value.replace(/^[A-Za-z]+ +(?=\S+$)/, "")),
    ...url.search.split(/[?&=]/),
    ...url.searchParams.values(),
  ];
  return {
    url,
    key: key === "" ? null : key,
    keyName,
    secrets: values.filter(({ length }) => length >= SHORTEST_SECRET),
  };
}
