/**
 * Many names that are asked for at once: the names that programs give to a status, say, of which a row group has one or none. So
 * the fields of a row group are looked up among the names, and not the other way round.
 */
import { LEVEL } from '../../../../shared/levels.ts';
import { fieldsAround } from '../../../../shared/row-group/answer.ts';
import { isPlainName } from '../../../store/asked-name.ts';

class AskedNames {
  /** Whether each is the name of a label or field, as it is. */
  readonly arePlain: boolean;
  readonly #names: ReadonlySet<string>;
  /** By field: the indices of the names that its values may answer to. */
  readonly #indicesOf = new Map<string, number[]>();
  /** Whichever field holds it. */
  readonly #level: number;

  constructor(names: readonly string[]) {
    this.arePlain = names.every(isPlainName);
    this.#names = new Set(names);
    this.#level = names.indexOf(LEVEL);
    for (const [index, name] of names.entries()) {
      for (const field of fieldsAround(name))
        this.#indicesOf.set(field, [...(this.#indicesOf.get(field) ?? []), index]);
    }
  }

  /** Whether one of some names is asked for. */
  haveSome(names: Iterable<string>): boolean {
    for (const name of names) if (this.#names.has(name)) return true;
    return false;
  }

  /** Returns the indices of the names that lines with some of these fields may have, each once. */
  amongFields(fields: Iterable<string>): ReadonlySet<number> {
    const found = new Set<number>();
    if (this.#level >= 0) found.add(this.#level);
    for (const field of fields) for (const index of this.#indicesOf.get(field) ?? []) found.add(index);
    return found;
  }
}

const known = new WeakMap<readonly string[], AskedNames>();

/** @param names  of a question: the same list for all row groups of a task */
export function askedNames(names: readonly string[]): AskedNames {
  let asked = known.get(names);
  if (asked === undefined) known.set(names, (asked = new AskedNames(names)));
  return asked;
}
