/** How wide bins have to be, so that the time between two scrapes is no gap. */

/**
 * How many bins lie between one measured bin and the next, as a rule: nine of ten are no further apart (scrapes every
 * 15 s fall into 10 s bins 1 or 2 apart), or the usual distance where there are few. Above 1 the bins are narrower than
 * the scrapes. Farther apart than a dozen is an outage, not a scrape interval.
 */
export function scrapeBins(rows: readonly (readonly (number | null)[])[]): number {
  const times = new Map<number, number>();
  let total = 0;
  for (const values of rows) {
    let last = -1;
    values.forEach((value, i) => {
      if (value === null) return;
      if (last >= 0 && i - last <= 12) {
        times.set(i - last, (times.get(i - last) ?? 0) + 1);
        total++;
      }
      last = i;
    });
  }
  const usual = [...times].reduce((best, one) => (one[1] > best[1] ? one : best), [1, 0])[0];
  if (total < 30) return usual;
  let within = 0;
  for (let apart = 1; apart <= 12; apart++) {
    within += times.get(apart) ?? 0;
    if (within >= 0.9 * total) return apart;
  }
  return usual;
}
