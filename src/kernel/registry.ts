import { nearest } from "../text/nearest.ts";
import { type AnyDefinition, KINDS, type Kind } from "./define.ts";
import { SpecError } from "./errors.ts";

/** The components a spec may name. Immutable: `with` gives another registry. */
export interface Registry {
  /** Throws `SpecError` naming the nearest type when there is none. */
  get<K extends Kind>(kind: K, type: string): AnyDefinition<K>;
  find<K extends Kind>(kind: K, type: string): AnyDefinition<K> | null;
  /** Sorted by type. */
  list<K extends Kind>(kind: K): readonly AnyDefinition<K>[];
  /** Names accepted as `type`, aliases included, sorted. */
  types(kind: Kind): readonly string[];
  with(...definitions: readonly AnyDefinition[]): Registry;
}

/**
 * A registry of these definitions; `alsoKnown` names types that there are besides, for messages. Throws `SpecError` when
 * two share a kind and a name.
 */
export function createRegistry(
  definitions: readonly AnyDefinition[],
  alsoKnown: (kind: Kind) => readonly string[] = () => [],
): Registry {
  const byKind = new Map<Kind, Map<string, AnyDefinition>>(KINDS.map((kind) => [kind, new Map()]));
  for (const definition of definitions) add(byKind, definition);

  const find = <K extends Kind>(kind: K, type: string): AnyDefinition<K> | null => {
    const found = byKind.get(kind)?.get(type);
    return found && isOfKind(found, kind) ? found : null;
  };
  const types = (kind: Kind): readonly string[] =>
    [...new Set([...(byKind.get(kind)?.keys() ?? []), ...alsoKnown(kind)])].sort();
  return {
    find,
    types,
    get(kind, type) {
      const definition = find(kind, type);
      if (definition) return definition;
      const near = nearest(type, types(kind));
      const hint = near ? `did you mean "${near}"?` : `known: ${types(kind).join(", ")}`;
      throw new SpecError(`unknown ${kind} type "${type}"; ${hint}`);
    },
    list: (kind) =>
      [...new Set(byKind.get(kind)?.values() ?? [])]
        .filter((definition) => isOfKind(definition, kind))
        .sort((a, b) => (a.type < b.type ? -1 : 1)),
    with: (...more) => createRegistry([...definitions, ...more], alsoKnown),
  };
}

function add(byKind: Map<Kind, Map<string, AnyDefinition>>, definition: AnyDefinition): void {
  const named = byKind.get(definition.kind);
  if (!named) throw new SpecError(`unknown component kind "${definition.kind}" of "${definition.type}"`);
  for (const name of [definition.type, ...(definition.aliases ?? [])]) {
    if (named.has(name)) throw new SpecError(`two ${definition.kind} components are called "${name}"`);
    named.set(name, definition);
  }
}

function isOfKind<K extends Kind>(definition: AnyDefinition, kind: K): definition is AnyDefinition<K> {
  return definition.kind === kind;
}
