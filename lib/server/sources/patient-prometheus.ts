/** Prometheus as who looks at a page sees it: within a reader's patience, else what it answered before, moved to the window asked. */
import type { SeriesGrid } from '../../model/series.ts';
import { alignedGrid, type Grid } from '../../sources/prometheus/decode.ts';
import type { PrometheusAnswer, PrometheusSource } from '../runtime/prometheus-source.ts';
import { createLateAnswers } from './late-answers.ts';
import type { ReaderNotices } from './reader-notices.ts';

const SERIES_BYTES = 600;
/** Unparsed JSON of rules and configuration. */
const API_BYTES = 1024 ** 2;

/** `patienceMs`: see PATIENCE_MS. */
export function patientPrometheus(
  source: PrometheusSource,
  readers: ReaderNotices,
  patienceMs?: number,
): PrometheusSource {
  const late = createLateAnswers({
    source: 'prometheus',
    health: source.health,
    readers,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  return {
    ...source,
    health: late.health,
    range: async (query, signal) => {
      const grid = alignedGrid(query.from, query.to, query.step);
      const key = `range\n${query.name}\n${query.promql}\n${query.step}`;
      return late.ask<PrometheusAnswer<SeriesGrid>>(
        {
          name: query.name,
          key,
          exact: `${key}\n${grid.start}\n${grid.count}`,
          at: query.to,
          ask: () => source.range(query),
          cost: ({ data }) => data.series.length * (SERIES_BYTES + 8 * data.count),
          standIn: (answer) => onGrid(answer, grid),
        },
        signal,
      );
    },
    instant: (query, signal) => {
      const key = `instant\n${query.name}\n${query.promql}`;
      return late.ask(
        {
          name: query.name,
          key,
          exact: `${key}\n${query.time ?? ''}`,
          at: query.time ?? Date.now(),
          ask: () => source.instant(query),
          cost: ({ data }) => data.length * SERIES_BYTES,
          standIn: (answer) => answer,
        },
        signal,
      );
    },
    api: (path, signal) =>
      late.ask(
        {
          name: path.startsWith('/api/v1/rules')
            ? 'rules'
            : path === '/api/v1/status/config'
              ? 'external-labels'
              : path,
          key: `api\n${path}`,
          exact: `api\n${path}`,
          at: Date.now(),
          ask: () => source.api(path),
          cost: () => API_BYTES,
          standIn: (answer) => answer,
        },
        signal,
      ),
  };
}

/** The same samples on another grid of the same step; null where the two have less than half of it in common. */
export function onGrid(answer: PrometheusAnswer<SeriesGrid>, grid: Grid): PrometheusAnswer<SeriesGrid> | null {
  const { data } = answer;
  if (data.start === grid.start && data.count === grid.count) return answer;
  const shift = (grid.start - data.start) / grid.step;
  const common = Math.min(data.count, shift + grid.count) - Math.max(0, shift);
  if (!Number.isInteger(shift) || common * 2 < grid.count) return null;
  const series = data.series.map(({ labels, values }) => ({
    labels,
    values: Array.from({ length: grid.count }, (_, i) => values[i + shift] ?? null),
  }));
  return { ...answer, data: { ...grid, series } };
}
