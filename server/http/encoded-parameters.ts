/**
 * Checks that parameters can be decoded. Otherwise they would be taken as they are written (`q=%21%ff`), or with other
 * characters in their place, and the answer would be that of another question.
 */
import { isUtf8 } from 'node:buffer';
import { ParameterError } from '../../shared/errors.ts';

/** Of a parameter that an error quotes. */
const QUOTED_LENGTH_MAX = 100;

/**
 * @param text  `name=value`, joined by `&`, of a URL or a form
 * @throws ParameterError
 */
export function assertDecodable(text: string): void {
  if (!text.includes('%') || isDecodable(text)) return;
  const pair = text.split('&').find((each) => !isDecodable(each))!;
  const at = pair.indexOf('=');
  const name = at < 0 ? pair : pair.slice(0, at);
  const isOfName = !isDecodable(name);
  const wrong = (isOfName ? name : pair.slice(at + 1)).slice(0, QUOTED_LENGTH_MAX);
  throw new ParameterError(
    isOfName ? 'parameters' : decodeURIComponent(name),
    `${JSON.stringify(wrong)} cannot be decoded`,
    'UTF-8, percent-encoded, in which %25 is a percent sign; curl -G --data-urlencode does this',
    'q=caf%C3%A9',
  );
}

/** @throws ParameterError */
export function assertDecodableForm(body: Buffer): void {
  const text = body.toString('latin1');
  assertDecodable(text);
  if (isUtf8(body)) return;
  throw new ParameterError('parameters', 'the form is not UTF-8', 'UTF-8, percent-encoded', 'q=caf%C3%A9');
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
