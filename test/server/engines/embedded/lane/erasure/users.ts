/** Lines of many users, with values of every sort: text, numbers, UUIDs, rare and frequent. */
import type { Line } from '../../batches.ts';

export const DEFAULT_INDEXED_FIELDS = ['request_id', 'user_id'];

export function user(n: number): string {
  return `user-${n}-of-many`;
}

function uuid(n: number): string {
  return `6f0a1b2c-3d4e-4f5a-8b6c-${(0xfedcba987654 - n * 7919).toString(16)}`;
}

/** A request of user 7, in each set of rows. */
export const UUID_OF_7 = uuid(7);

/** Row i is of user i mod 20, in one of three pods. */
export function rowsOfUsers(count: number, day: number): Line[] {
  return Array.from({ length: count }, (_, i) => ({
    text: `{"user_id":"${user(i % 20)}","n":${i % 20},"request_id":"${uuid(i)}","row":${i}}`,
    day,
    timeNs: i * 1e6,
    labels: { namespace: 'shop', pod: `api-${i % 3}`, stream: 'stdout' },
  }));
}
