/**
 * Amounts as Kubernetes writes them: `250m`, `123456789n`, `128Mi`, `1e3`.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;
const SIZES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Returns undefined for a text that is not an amount. */
export function amountOf(text: string | undefined): number | undefined {
  const [, number, unit] = QUANTITY.exec(text ?? '') ?? [];
  if (number === undefined) return undefined;
  return Number(number) * (unit === undefined ? 1 : SIZES[unit]!);
}
