/**
 * Many names that are asked for at once: the names that programs give to a status, say, of which a row group has one or none. So
 * the fields of a row group are looked up among the names, and not the other way round.
 */
import { LEVEL } from '../../../../shared/levels.ts';
import { fieldsAround } from '../../../../shared/row-group/answer.ts';
import { ASKED_NAMES_KEPT_MAX } from '../../../limits.ts';
import { isPlainName } from '../../../store/asked-name.ts';

class AskedNames {
  /** Whether each is the name of a label or field, as it is. */
  readonly arePlain: boolean;
  readonly #indexOf: ReadonlyMap<string, number>;
  /** By field: the indices of the names that its values may answer to. */
  readonly #indicesOf = new Map<string, number[]>();
  /** Whichever field holds it. */
  readonly #level: number;

  constructor(names: readonly string[]) {
    this.arePlain = names.every(isPlainName);
    this.#indexOf = new Map(names.map((name, index) => [name, index]));
    this.#level = names.indexOf(LEVEL);
    for (const [index, name] of names.entries()) {
      for (const field of fieldsAround(name))
        this.#indicesOf.set(field, [...(this.#indicesOf.get(field) ?? []), index]);
    }
  }

  /** Whether one of some names is asked for. */
  haveSome(names: Iterable<string>): boolean {
    for (const name of names) if (this.#indexOf.has(name)) return true;
    return false;
  }

  /** Returns the indices of the names that lines with some of these fields may have, each once. */
  amongFields(fields: Iterable<string>): Set<number> {
    const found = new Set<number>();
    if (this.#level >= 0) found.add(this.#level);
    for (const field of fields) for (const index of this.#indicesOf.get(field) ?? []) found.add(index);
    return found;
  }

  /** Adds the index of a name, if it is one of them. */
  addIndexOf(name: string, to: Set<number>): void {
    const index = this.#indexOf.get(name);
    if (index !== undefined) to.add(index);
  }
}

/** Those of the last questions: each task has a list of its own. */
const known: { readonly names: readonly string[]; readonly asked: AskedNames }[] = [];

export function askedNames(names: readonly string[]): AskedNames {
  const at = known.findIndex((each) => isSame(each.names, names));
  const found = at < 0 ? { names, asked: new AskedNames(names) } : known[at]!;
  if (at !== 0) {
    if (at > 0) known.splice(at, 1);
    known.unshift(found);
    known.length = Math.min(known.length, ASKED_NAMES_KEPT_MAX);
  }
  return found.asked;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]));
}
