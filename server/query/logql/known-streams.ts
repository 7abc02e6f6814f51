/** The labels of streams as Loki would have them, each made once for a query. */
import type { Labels } from '../../../shared/labels.ts';
import { labelName } from '../../../shared/labels.ts';
import { matcherTest } from './pipeline/label-filter.ts';
import type { Discovery } from './select.ts';
import { SERVICE_NAME, serviceNameOf } from '../../../shared/service-name.ts';
import type { Matcher } from './syntax/ast.ts';

const NOTHING_MADE: Pick<Discovery, 'serviceName'> = { serviceName: false };

export type StreamLabels = ReadonlyMap<string, string>;

/** The labels of a stream as Loki would have them; undefined for one that a selector does not select. */
export type Selection = (labels: Labels) => StreamLabels | undefined;

export function selectionOf(matchers: readonly Matcher[], discovery: Discovery): Selection {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: matcherTest(matcher) }));
  return (labels) => {
    const own = lokiLabels(labels, discovery);
    if (!tests.every(({ name, test }) => test(own.get(name) ?? ''))) return undefined;
    return discovery.isServiceNameHidden === true ? lokiLabels(labels, NOTHING_MADE) : own;
  };
}

export class KnownStreams {
  readonly #selection: Selection;
  readonly #known = new Map<Labels, StreamLabels | undefined>();

  constructor(matchers: readonly Matcher[], discovery: Discovery) {
    this.#selection = selectionOf(matchers, discovery);
  }

  /** Returns undefined for a stream that the selector does not select. */
  labelsOf(labels: Labels): StreamLabels | undefined {
    if (this.#known.has(labels)) return this.#known.get(labels);
    const own = this.#selection(labels);
    this.#known.set(labels, own);
    return own;
  }
}

/** Returns the labels as Loki has them: without those whose values are empty. */
export function lokiLabels(labels: Labels, { serviceName }: Pick<Discovery, 'serviceName'>): StreamLabels {
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(labels)) if (value !== '') own.set(labelName(name), value);
  if (serviceName && !own.has(SERVICE_NAME)) own.set(SERVICE_NAME, serviceNameOf(labels));
  return own;
}
