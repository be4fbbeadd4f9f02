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
  return median(slopes(points));
}

/**
 * Between what it lies, with a confidence of 95 % (Sen, by the variance of Kendall's tau). Of few points it is the whole range.
 *
 * @param {readonly { x: number, y: number }[]} points
 */
export function slopeRange(points) {
  const sorted = slopes(points).sort((a, b) => a - b);
  const count = points.length;
  const width = 1.96 * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const below = Math.max(0, Math.floor((sorted.length - width) / 2));
  return { low: sorted[below] ?? Number.NaN, high: sorted[sorted.length - 1 - below] ?? Number.NaN };
}

/** @param {readonly { x: number, y: number }[]} points */
function slopes(points) {
  return points.flatMap((a, index) =>
    points.slice(index + 1).flatMap((b) => (b.x === a.x ? [] : [(b.y - a.y) / (b.x - a.x)])),
  );
}

/**
 * The median, with the least and the largest value. From a hundred on, decimals say nothing.
 *
 * @param {readonly number[]} values
 * @param {number} [digits]
 */
export function withSpread(values, digits = 1) {
  if (!values.every(Number.isFinite) || values.length === 0) return '';
  const [middle, least, largest] = [median(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(value < 100 ? digits : 0),
  );
  return values.length === 1 ? middle : `${middle} (${least}–${largest})`;
}
