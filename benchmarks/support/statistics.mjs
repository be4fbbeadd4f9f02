/**
 * The value below which a share of the values lies (nearest rank).
 *
 * @param {readonly number[]} values
 * @param {number} share from 0 to 1
 */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  if (!Number.isInteger(middle)) return sorted[Math.floor(middle)];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {readonly number[]} values */
export function spread(values) {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/**
 * How fast `y` grows with `x`: the median of the slopes between all pairs (Theil–Sen), which single odd samples do not move.
 *
 * @param {readonly { x: number, y: number }[]} points
 */
export function slope(points) {
  const slopes = [];
  for (const [index, a] of points.entries()) {
    for (const b of points.slice(index + 1)) if (b.x !== a.x) slopes.push((b.y - a.y) / (b.x - a.x));
  }
  return median(slopes);
}

/**
 * The median, with the least and the largest value.
 *
 * @param {readonly number[]} values
 * @param {number} [digits]
 */
export function withSpread(values, digits = 1) {
  if (!values.every(Number.isFinite) || values.length === 0) return '';
  const shown = [median(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(digits),
  );
  return values.length === 1 ? shown[0] : `${shown[0]} (${shown[1]}–${shown[2]})`;
}
