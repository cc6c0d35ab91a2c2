// What happened between two readings of what was counted since the start.

/** The time that `share` of the requests stayed within, in microseconds; linear within a bucket. */
export function quantile(counts, bounds, share) {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return null;
  let left = share * total;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] > 0 && left <= counts[i]) {
      const from = i === 0 ? 0 : bounds[i - 1];
      const to = bounds[i] ?? from;
      return from + (to - from) * (left / counts[i]);
    }
    left -= counts[i];
  }
  return bounds.at(-1);
}

const minus = (now, before) => now.map((n, i) => n - before[i]);
const sum = (pairs) => pairs.reduce((total, [, n]) => total + n, 0);
const ratio = (part, whole) => (whole > 0 ? part / whole : null);

/** Rates and quantiles of one model between two readings; null where it was replaced in between. */
export function between(before, now, seconds, bounds) {
  if (!before || now.requests < before.requests || now.batches < before.batches) return null;
  const total = minus(now.total.counts, before.total.counts);
  const queue = minus(now.queue.counts, before.queue.counts);
  const compute = minus(now.compute.counts, before.compute.counts);
  const batches = now.batches - before.batches;
  const rows = now.batch_rows - before.batch_rows;
  const padding = now.padding_rows - before.padding_rows;
  return {
    requests: (now.requests - before.requests) / seconds,
    rows: (now.rows - before.rows) / seconds,
    refused: (sum(now.refused) - sum(before.refused)) / seconds,
    failed: (now.failed - before.failed) / seconds,
    p50: quantile(total, bounds, 0.5),
    p99: quantile(total, bounds, 0.99),
    queue: quantile(queue, bounds, 0.5),
    compute: quantile(compute, bounds, 0.5),
    batch: ratio(rows, batches),
    batches: now.batch_sizes.map(([size, n], i) => [size, n - before.batch_sizes[i][1]]),
    padding: ratio(padding, rows + padding),
    queued: now.queued_rows,
    busy: Math.min(1, (now.lane_busy_ms - before.lane_busy_ms) / (1000 * seconds * now.lanes)),
  };
}
