/** How questions are written in hints, and in the URLs that they suggest. */
import { all, type QueryString, single } from './parameters.ts';

/** Returns a filter as people write it: `status>=500`, `namespace=shop`. */
export function written(parameter: string, values: QueryString[string]): string {
  const texts = values === undefined ? [] : typeof values === 'string' ? [values] : values;
  return texts.map((text) => (isWholeComparison(parameter, text) ? parameter : `${parameter}=${text}`)).join('&');
}

export function parametersOf(query: QueryString): string {
  const encode = (text: string): string =>
    encodeURIComponent(text).replaceAll(/%(?:2C|2F|3A|40|3E|3C|7E)/gi, decodeURIComponent);
  return Object.keys(query)
    .flatMap((name) =>
      all(query, name).map((text) =>
        isWholeComparison(name, text) ? encode(name) : `${encode(name)}=${encode(text)}`,
      ),
    )
    .join('&');
}

/** `latency_ms>500` is all name to HTTP. */
function isWholeComparison(parameter: string, text: string): boolean {
  return text === '' && /[<>]/.test(parameter);
}

export function rangeText(query: QueryString): string {
  const since = single(query, 'since');
  const until = single(query, 'until');
  if (since === undefined && until === undefined) return 'in the store';
  return `from ${since ?? 'the beginning'} to ${until ?? 'now'}`;
}
