/** Returns a quantile of numbers that ascend, interpolated between neighbours as Prometheus does; NaN without numbers. */
export function quantileOf(ascending: ArrayLike<number>, share: number): number {
  if (ascending.length === 0) return NaN;
  const rank = share * (ascending.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(ascending.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return ascending[lower]! * (1 - weight) + ascending[upper]! * weight;
}
