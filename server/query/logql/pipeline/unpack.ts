/** `| unpack`: the texts of an object, and the line that its `_entry` holds. */
import { eachMember, JsonError, unescapedJson } from '../../../../shared/loki-json/walk.ts';
import type { Run, Wanted } from './stage.ts';

const ENTRY = '_entry';

export function unpackStage({ nothing, isWanted }: Wanted): Run {
  return (entry) => {
    const { line, labels } = entry;
    if (line === '') return true;
    if (!line.startsWith('{')) {
      if (!nothing) labels.fail('JSONParserErr', 'expecting json object(6), but it is not');
      return true;
    }
    const fields: [string, string][] = [];
    let packed: string | undefined;
    try {
      eachMember(line, 0, (key, { kind, start, end }) => {
        if (kind !== 'string') return true;
        const value = unescapedJson(line.slice(start, end));
        if (key === ENTRY) packed = value;
        else fields.push([key, value]);
        return true;
      });
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      if (!nothing) labels.fail('JSONParserErr', error.message);
      return true;
    }
    // Only what was packed has its labels in the object.
    if (packed === undefined) return true;
    entry.line = packed;
    for (const [field, value] of nothing ? [] : fields) {
      const name = labels.claim(field, isWanted);
      if (name !== undefined) labels.set(name, value);
    }
    return true;
  };
}
