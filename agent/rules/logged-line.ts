/** Lines that a logger has written: they have a level, or a time and a message, as the shredder finds them. */
import { cutText, EXCEPTION } from '../../shared/row-group/line-formats/cut-text.ts';
import { Tokens } from '../../shared/row-group/line-formats/tokens.ts';

const tokens = new Tokens({ areNamed: true });

/** Whether the line is a logger's. Lines of an access log have a time but no message; the level of an exception is its name. */
export function isLogged(bytes: Buffer, start: number, end: number): boolean {
  tokens.reset();
  if (cutText('auto', bytes, start, end, tokens) === EXCEPTION) return false;
  return hasField('level') || (hasField('time') && hasField('message'));
}

function hasField(name: string): boolean {
  const at = tokens.fields.indexOf(name);
  return at >= 0 && at < tokens.count;
}
