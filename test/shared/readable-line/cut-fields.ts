/** The fields of a line as the store finds them. */
import type { Field } from '../../../shared/readable-line/segment.ts';
import { cutLine } from '../../../shared/row-group/line-formats/cut-line.ts';
import { KIND_PLAIN, KIND_STRING } from '../../../shared/row-group/format.ts';
import { Tokens } from '../../../shared/row-group/line-formats/tokens.ts';
import { unescaped } from '../../../shared/row-group/unescaped.ts';

const tokens = new Tokens({ areNamed: true });

export function cutFields(line: string): Field[] {
  const bytes = Buffer.from(line);
  if (cutLine('auto', bytes, 0, bytes.length, tokens) < 0) return [];
  const fields: Field[] = [];
  for (let i = 0; i < tokens.count; i++) {
    const value = bytes.subarray(tokens.starts[i], tokens.ends[i]);
    const text = (tokens.kinds[i] === KIND_STRING ? unescaped(value) : value).toString();
    // Pieces of text have no name; a key of JSON may be empty.
    if (tokens.fields[i] !== '' || tokens.kinds[i] !== KIND_PLAIN)
      fields.push({ name: tokens.fields[i]!, value: text });
  }
  return fields;
}
