/** `| podlog`, which Loki does not have: the fields that podlog finds in a line of any format, such as klog or access logs. */
import { cutLine } from '../../../../shared/row-group/line-formats/cut-line.ts';
import { KIND_STRING } from '../../../../shared/row-group/format.ts';
import { Tokens } from '../../../../shared/row-group/line-formats/tokens.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import { sanitizedKey } from '../../../../shared/loki-json/label-name.ts';
import type { Run, Wanted } from './stage.ts';

/** The last of several fields with one name counts, as everywhere in podlog. */
export function podlogStage({ nothing, isWanted }: Wanted): Run {
  const tokens = new Tokens({ areNamed: true });
  return ({ line, labels }) => {
    if (nothing) return true;
    const bytes = Buffer.from(line);
    if (cutLine('auto', bytes, 0, bytes.length, tokens) < 0) return true;
    for (let i = 0; i < tokens.count; i++) {
      const field = sanitizedKey(tokens.fields[i] ?? '', true);
      if (field === '') continue;
      const name = labels.nameFor(field);
      if (!isWanted(name)) continue;
      const value = bytes.subarray(tokens.starts[i], tokens.ends[i]);
      labels.set(name, (tokens.kinds[i] === KIND_STRING ? unescaped(value) : value).toString());
    }
    return true;
  };
}
