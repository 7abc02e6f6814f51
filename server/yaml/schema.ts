/**
 * Parts of the schemas of YAML files. valibot's own messages repeat values and say nothing of what to do, so that each part
 * here takes the message for what is wrong, in words of the file's reader.
 */
import * as v from 'valibot';

export type Mapping = Readonly<Record<string, unknown>>;

export interface MappingMessages {
  /** Used if it is not a mapping, or lacks a key without a message of its own. */
  readonly what: string;
  readonly unknownKey?: (key: string, known: readonly string[]) => string;
}

/** A mapping with some of these keys; those that are not optional must be there. */
export function mapping<const E extends v.ObjectEntries>(
  entries: E,
  { what, unknownKey = unknownKeyMessage }: MappingMessages,
) {
  const known = Object.keys(entries);
  return v.pipe(
    v.custom<Mapping>(isMapping, what),
    // Before what is missing: a key that is not known is mostly a slip in one that is.
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const key = Object.keys(dataset.value).find((each) => !known.includes(each));
      if (key !== undefined) addIssue({ message: unknownKey(key, known), path: [at(dataset.value, key)] });
    }),
    v.object(entries, ({ path }) => {
      const message = (entries[String(path?.at(-1)?.key)] as { readonly message?: unknown } | undefined)?.message;
      return typeof message === 'string' ? message : what;
    }),
  );
}

/** A list with a limited number of entries. */
export function listOf<S extends v.GenericSchema>(
  entry: S,
  max: number,
  messages: { readonly what: string; readonly tooLong: (length: number) => string },
) {
  return v.pipe(
    v.custom<unknown[]>(Array.isArray, messages.what),
    // Tested before the entries, so that those of a list that is too long are not validated.
    v.check(
      ({ length }) => length <= max,
      ({ input }) => messages.tooLong(input.length),
    ),
    v.array(entry),
  );
}

/** A mapping of names to texts that are not empty. */
export function texts({ what, ofName }: { readonly what: string; readonly ofName: (name: string) => string }) {
  return v.pipe(
    v.custom<Mapping>(isMapping, what),
    v.rawTransform<Mapping, Readonly<Record<string, string>>>(({ dataset, addIssue, NEVER }) => {
      const wrong = Object.entries(dataset.value).find(([, text]) => typeof text !== 'string' || text === '');
      if (wrong === undefined) return dataset.value as Readonly<Record<string, string>>;
      const [key] = wrong;
      addIssue({ message: ofName(key), path: [at(dataset.value, key)] });
      return NEVER;
    }),
  );
}

/** Locates an issue of a check within a mapping. */
export function at(input: Mapping, key: string): v.ObjectPathItem {
  return { type: 'object', origin: 'value', input: { ...input }, key, value: input[key] };
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownKeyMessage(key: string, known: readonly string[]): string {
  return `${key} is not known here; there are ${known.join(', ')}`;
}
