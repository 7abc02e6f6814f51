/** YAML files of an operator's: what a schema makes of them, and errors that name file, line, problem and what is allowed. */
import * as v from 'valibot';
import type { Document, Node } from 'yaml';
import { UsageError } from '../../shared/errors.ts';

export interface YamlFormat<T> {
  /**
   * Schema of the whole file; an empty file is null. Each of its messages names what is wrong and what is allowed: see
   * schema.ts.
   */
  readonly schema: v.GenericSchema<unknown, T>;
  readonly bytesMax: number;
  /** The file holds secrets: no message repeats anything of it. */
  readonly isSecret?: boolean;
  /** Names an entry of the list that the file is, for messages about it: `rule 3`. */
  readonly nameEntry?: (index: number, entry: unknown) => string;
}

type Path = readonly unknown[];

/** @throws UsageError  one line */
export async function parseYamlFile<T>(text: string, file: string, format: YamlFormat<T>): Promise<T> {
  const { schema, bytesMax, isSecret = false, nameEntry } = format;
  if (text.length > bytesMax) throw new UsageError(`${file}: larger than ${bytesMax} bytes`);
  // Loaded here: a server without such a file does without the memory and the time that it takes.
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const failure = (offset: number | undefined, problem: string): UsageError =>
    new UsageError(`${file}: ${offset === undefined ? '' : `line ${lines.linePos(offset).line}: `}${problem}`);
  const [error] = document.errors;
  if (error !== undefined) throw failure(error.pos[0], isSecret ? `not valid YAML (${error.code})` : error.message);
  let value: unknown;
  try {
    value = document.toJS();
  } catch {
    throw failure(undefined, 'an alias (*name) leads nowhere: put values in quotes');
  }
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return output;
  const [issue] = issues;
  const path = issue.path?.map(({ key }) => key) ?? [];
  const entry = nameEntry !== undefined && Array.isArray(value) && typeof path[0] === 'number' ? path[0] : undefined;
  const name = entry === undefined ? '' : `${nameEntry!(entry, (value as unknown[])[entry])}: `;
  throw failure(offsetOf(yaml, document, path), name + issue.message);
}

/**
 * Returns the offset of the value at a path, or of its key if it has one; if the path ends early, of the last existing
 * part.
 */
function offsetOf(
  { isMap, isScalar, isSeq, isAlias }: typeof import('yaml'),
  document: Document,
  path: Path,
): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((each) => (isScalar(each.key) ? each.key.value : each.key) === key);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[key as number];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
