/** The pattern of one line (../../../store/line-pattern/line-pattern.ts), from its bytes or from its fields. */
import type { Fields } from '../../../../shared/row-group/template.ts';
import { cutLine } from '../../../../shared/row-group/line-formats/cut-line.ts';
import { KIND_STRING } from '../../../../shared/row-group/format.ts';
import { Tokens } from '../../../../shared/row-group/line-formats/tokens.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import { foldPart, joinedPattern, type PartKind, patternSlots } from '../../../store/line-pattern/line-pattern.ts';
import { TextFolder } from '../../../store/line-pattern/fold-text.ts';

const folder = new TextFolder();
const tokens = new Tokens({ areNamed: true });

/** Cuts a line, as lines are by default. */
export function patternOfLine(bytes: Buffer, start: number, end: number): string {
  if (cutLine('auto', bytes, start, end, tokens) < 0) return patternOfText(bytes, start, end);
  return patternOfFields(tokens, (slot) => {
    const value = bytes.subarray(tokens.starts[slot], tokens.ends[slot]);
    return tokens.kinds[slot] === KIND_STRING ? unescaped(value) : value;
  });
}

/** Returns the pattern of a line in no known format. */
export function patternOfText(bytes: Buffer, start: number, end: number): string {
  return foldedText('message', bytes, start, end);
}

/**
 * Returns the pattern of a line that was cut.
 * @param valueOf  returns the value of a slot, without escapes
 */
export function patternOfFields(fields: Fields, valueOf: (slot: number) => Buffer): string {
  const { message, prefix, level, method, path, names } = patternSlots(fields);
  const part = (slot: number, kind: PartKind): string | undefined => {
    if (slot < 0) return undefined;
    const text = valueOf(slot);
    return foldedText(kind, text, 0, text.length);
  };
  return joinedPattern(
    {
      message: part(message, 'message'),
      prefix: part(prefix, 'word'),
      level: part(level, 'word'),
      method: part(method, 'word'),
      path: part(path, 'path'),
    },
    names,
  );
}

function foldedText(kind: PartKind, bytes: Buffer, start: number, end: number): string {
  foldPart(folder, kind, bytes, start, end);
  return folder.out.toString('utf8', 0, folder.length);
}
