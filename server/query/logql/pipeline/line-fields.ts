/** Fields that podlog finds in lines of any format, for label filters that no parser precedes. Loki finds nothing there. */
import { answerToField } from '../../../../shared/row-group/answer.ts';
import { KIND_STRING } from '../../../../shared/row-group/format.ts';
import { cutLine } from '../../../../shared/row-group/line-formats/cut-line.ts';
import { Tokens } from '../../../../shared/row-group/line-formats/tokens.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import type { ValueOf } from './stage.ts';

/** Returns the label of a name or, where a line has none, its last field of that name. A line is cut once for all filters. */
export function labelOrField(): ValueOf {
  const tokens = new Tokens({ areNamed: true });
  let cut: string | undefined;
  let bytes = Buffer.alloc(0);
  let isCut = false;
  return ({ line, labels }, name) => {
    const label = labels.get(name);
    if (label !== undefined || name.startsWith('__')) return label;
    if (line !== cut) {
      cut = line;
      bytes = Buffer.from(line);
      isCut = cutLine('auto', bytes, 0, bytes.length, tokens) >= 0;
    }
    const answer = isCut ? answerToField(name, tokens) : undefined;
    if (answer?.kind !== 'value' || answer.path !== '') return undefined;
    const value = bytes.subarray(tokens.starts[answer.slot], tokens.ends[answer.slot]);
    return (tokens.kinds[answer.slot] === KIND_STRING ? unescaped(value) : value).toString();
  };
}
