/**
 * Decides whether a line belongs to the entry before it: never if it is a JSON object by the rules, or comes after a silence; for
 * all others the rules decide.
 */
import { CriParser } from '../../shared/cri.ts';
import { NS_PER_DAY, NS_PER_MS } from '../../shared/time.ts';
import type { Chain } from '../files/chain.ts';
import { ALONE, IF_LOGGED, type EntryRules } from '../rules/entry-rules.ts';
import { isLogged } from '../rules/logged-line.ts';
import { ENTRY_LINES_MAX, ENTRY_SPAN_MS_MAX } from '../limits.ts';
import type { PendingLine } from '../files/pending-line.ts';
import type { CriPrefix } from './fragment.ts';

export const OPEN_BRACE = 0x7b;
const NEWLINE = 0x0a;

export class EntryJoiner {
  readonly #ownRules: EntryRules | undefined;
  #rules: EntryRules | undefined;
  /** Parses the line after the one that is being taken. */
  readonly #following = new CriParser();

  /** @param rules  for chains that have none of their own; undefined joins nothing */
  constructor(rules: EntryRules | undefined) {
    this.#ownRules = rules;
  }

  /** Switches to the rules of a chain. Returns whether any of its lines may be joined. */
  switchTo({ entries }: Chain): boolean {
    this.#rules = entries ?? this.#ownRules;
    return this.#rules !== undefined;
  }

  /** Returns the state of an entry that begins with the fragment that `cri` has parsed, which ends at `end`. */
  begin(cri: CriPrefix, bytes: Uint8Array, end: number): number {
    if (this.#rules === undefined || this.isObject(cri, bytes, end)) return ALONE;
    return this.#rules.begin(bytes, cri.messageStart, end);
  }

  /** Whether the fragment that `cri` has parsed is an object, or may be the beginning of one. */
  isObject({ messageStart, partial }: CriPrefix, bytes: Uint8Array, end: number): boolean {
    if (messageStart >= end || bytes[messageStart] !== OPEN_BRACE) return false;
    return partial || this.#rules!.isObject(bytes, messageStart, end);
  }

  /** Returns the state of a pending line after the fragment that `cri` has parsed; ALONE when they do not belong together. */
  next(line: PendingLine, cri: CriPrefix, bytes: Uint8Array, end: number): number {
    if (line.isOpen) return line.state;
    if (this.isObject(cri, bytes, end)) return ALONE;
    if (spanNs(cri, line.lastDay, line.lastTimeNs) > line.idleMsMax * NS_PER_MS) return ALONE;
    const next = this.#rules!.next(line.state, bytes, cri.messageStart, end);
    return decided(next, line.bytes, 0, line.length);
  }

  idleMsMax(state: number): number {
    return state === ALONE ? 0 : this.#rules!.idleMsMax(state);
  }

  /** Whether an entry has no room for one more line, the one that `cri` has parsed. */
  isFull(line: PendingLine, cri: CriPrefix): boolean {
    return line.lines >= ENTRY_LINES_MAX || spanNs(cri, line.day, line.timeNs) > ENTRY_SPAN_MS_MAX * NS_PER_MS;
  }

  /**
   * Whether the fragment after the line that `cri` has parsed already shows that an entry in this state ends with that line: then
   * it need not wait, nor be copied.
   * @param newline  the end of the line
   * @param end      of all fragments that are at hand
   */
  isAlone(state: number, cri: CriPrefix, bytes: Buffer, newline: number, end: number): boolean {
    const at = newline + 1;
    if (at >= end) return false;
    const following = this.#following;
    const followingEnd = bytes.indexOf(NEWLINE, at);
    if (!following.parse(bytes, at, followingEnd) || following.stream !== cri.stream) return false;
    if (this.isObject(following, bytes, followingEnd)) return true;
    const next = this.#rules!.next(state, bytes, following.messageStart, followingEnd);
    return decided(next, bytes, cri.messageStart, newline) === ALONE;
  }
}

/** Returns the state after a line, for which bytes[start, end) are the entry before it. */
function decided(state: number, bytes: Buffer, start: number, end: number): number {
  if ((state & IF_LOGGED) === 0) return state;
  return isLogged(bytes, start, end) ? state & ~IF_LOGGED : ALONE;
}

function spanNs({ day, timeNs }: CriPrefix, fromDay: number, fromTimeNs: number): number {
  return (day - fromDay) * NS_PER_DAY + timeNs - fromTimeNs;
}
