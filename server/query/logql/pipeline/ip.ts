/** `ip("192.168.0.0/16")`: an address, a network or a range, looked for in a line or compared with a label. */
import { isIP } from 'node:net';
import { quoted } from '../../../../shared/go-quote.ts';

/** The first and the last address, in 32 or 128 bits. */
interface Range {
  readonly version: number;
  readonly first: bigint;
  readonly last: bigint;
}

export class InvalidIp extends Error {
  constructor(pattern: string) {
    super(`ip: invalid pattern: ${quoted(pattern)}`);
  }
}

/** @throws InvalidIp */
export function parseIpRange(pattern: string): Range {
  const [from, to, ...more] = pattern.split('-');
  if (to !== undefined) {
    const [first, last] = [parseIp(from!), parseIp(to)];
    const isRange = first !== undefined && last !== undefined && first.version === last.version;
    if (more.length > 0 || !isRange || first.value > last.value) throw new InvalidIp(pattern);
    return { version: first.version, first: first.value, last: last.value };
  }
  const [address, bits, ...rest] = pattern.split('/');
  const parsed = parseIp(address!);
  if (parsed === undefined || rest.length > 0) throw new InvalidIp(pattern);
  const size = parsed.version === 4 ? 32 : 128;
  if (bits !== undefined && (!/^(?:0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > size)) throw new InvalidIp(pattern);
  const host = (1n << BigInt(size - Number(bits ?? size))) - 1n;
  return { version: parsed.version, first: parsed.value & ~host, last: parsed.value | host };
}

function parseIp(text: string): { version: number; value: bigint } | undefined {
  const version = isIP(text);
  if (version === 0 || text.includes('%')) return undefined;
  return { version, value: version === 4 ? bitsOf4(text) : bitsOf6(text) };
}

function bitsOf4(text: string): bigint {
  return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function bitsOf6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const low = dotted === null ? 0n : bitsOf4(dotted[2]!);
  const plain = dotted === null ? text : `${dotted[1]!}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [head = '', tail] = plain.split('::');
  const parts = (list: string): string[] => (list === '' ? [] : list.split(':'));
  const [before, after] = [parts(head), parts(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  return all.reduce((bits, part) => (bits << 16n) | BigInt(`0x${part}`), 0n);
}

/** Whether a text is an address of the range. */
function isInRange({ version, first, last }: Range, text: string): boolean {
  const parsed = parseIp(text);
  return parsed !== undefined && parsed.version === version && parsed.value >= first && parsed.value <= last;
}

/** Where an address may begin, as Loki finds out by the next characters: an address that is shorter is none. */
const START =
  /(?=\d(?:\.|[^]\.|[^]{2}\.)[^]*)(?=[^]{4})|(?=(?:::[\da-fA-F]|[\da-fA-F](?::|[^]:|[^]{2}:|[^]{3}:)))(?=[^]{5})/g;
const RUN_4 = /[\d.]*/y;
const RUN_6 = /[\da-fA-F:.]*/y;

/** Whether a line, or the value of a label, has an address of the range somewhere. */
export function hasAddress(range: Range, line: string): boolean {
  START.lastIndex = 0;
  for (let start = START.exec(line); start !== null; start = START.exec(line)) {
    const at = start.index;
    const run = /^\d.{0,2}\./s.test(line.slice(at, at + 4)) ? RUN_4 : RUN_6;
    run.lastIndex = at;
    run.test(line);
    if (isInRange(range, line.slice(at, run.lastIndex))) return true;
    START.lastIndex = run.lastIndex + 1;
  }
  return false;
}
