/** What differs between two answers to a question. */
import type { Answer } from './question.ts';

/** In the order of their weight; `order` and `rounding` are of the same values. */
export type Difference = 'status' | 'error text' | 'content type' | 'answer' | 'order' | 'rounding';

/** Relative difference of numbers that were summed in another order. */
const ROUNDING = 1e-9;

export function differenceOf(want: Answer, got: Answer, isOrdered: boolean): Difference | undefined {
  if (want.status !== got.status) return 'status';
  if (want.status >= 400 && want.text !== got.text) return 'error text';
  if (want.type !== got.type) return 'content type';
  if (want.text === got.text) return undefined;
  const [left, right] = [plain(want.text), plain(got.text)];
  if (left === undefined || right === undefined) return 'answer';
  if (same(left, right)) return undefined;
  const [sortedLeft, sortedRight] = [sorted(left), sorted(right)];
  if (same(sortedLeft, sortedRight)) return isOrdered ? 'order' : undefined;
  return isNear(sortedLeft, sortedRight) ? 'rounding' : 'answer';
}

/** Returns an answer of JSON without its statistics. */
export function plain(text: string): unknown {
  try {
    const parsed = JSON.parse(text) as { data?: { stats?: unknown } };
    if (typeof parsed.data === 'object' && parsed.data !== null) delete parsed.data.stats;
    return parsed;
  } catch {
    return undefined;
  }
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Keys of lists that Loki gives in no order. */
const UNORDERED: ReadonlySet<string> = new Set(['result', 'data', 'fields', 'detectedLabels']);

/** Sorts what Loki gives in no order: series, fields, values of fields, and the keys of objects. */
function sorted(answer: unknown, key = ''): unknown {
  if (Array.isArray(answer)) {
    const list = answer.map((each) => sorted(each));
    return UNORDERED.has(key) || (key === 'values' && typeof list[0] !== 'object') ? byText(list) : list;
  }
  if (typeof answer !== 'object' || answer === null) return answer;
  const entries = Object.entries(answer).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, value]) => [name, sorted(value, name)]));
}

function byText(list: readonly unknown[]): unknown[] {
  const texts = list.map((each) => JSON.stringify(each));
  return texts.toSorted().map((text) => JSON.parse(text) as unknown);
}

function isNear(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') {
    if (left === right) return true;
    const [a, b] = [Number(left), Number(right)];
    return left !== '' && right !== '' && Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b));
  }
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right;
  const [a, b] = [Object.entries(left), Object.entries(right)];
  return a.length === b.length && a.every(([key, value], i) => b[i]![0] === key && isNear(value, b[i]![1]));
}
