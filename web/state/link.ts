/** Copies the address of what is shown. */
import { addressOf } from './address.ts';
import { serverNowMs } from './clock.ts';
import { question, view, zoned } from './navigation.ts';
import { copy } from './said.ts';
import { frozenRange } from './time-range.ts';

/** @param isRelative  whether its range goes with the time, or is frozen to what is shown now */
export async function copyLink(isRelative: boolean): Promise<void> {
  const { since, until, ...rest } = question.peek();
  const range = isRelative ? { since, until } : frozenRange(since, until, serverNowMs());
  const address = location.origin + zoned(addressOf(view.peek(), { ...rest, ...range }));
  await copy(address, isRelative ? 'Link copied; it goes with the time' : 'Link copied, with absolute times');
}
