/** Where the ids in a line lead. */
import { REQUEST_ID_NAMES, TRACE_ID_NAMES } from '../../shared/request-names.ts';
import { addressOf, type Question, QUESTION_DEFAULT } from './address.ts';

export function isRequestId(name: string): boolean {
  return REQUEST_ID_NAMES.includes(name) || TRACE_ID_NAMES.includes(name);
}

/** Returns the address of a request or user, in the range that is shown. */
export function idAddress(name: string, value: string, { since, until }: Question): string {
  const kind = isRequestId(name) ? 'request' : 'user';
  return addressOf({ kind, id: value }, { ...QUESTION_DEFAULT, since, until });
}
