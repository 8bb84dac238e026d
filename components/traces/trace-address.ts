'use client';
/**
 * What one looks at in a trace; all of it stands in the address. While a gesture goes on the window lives here and reaches
 * the address when the hand rests: a zoom as a step that Back undoes, a pan in place.
 */
import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';

const RESTS_AFTER_MS = 300;
const text = parseAsString.withDefault('');
const PARAMETERS = {
  span: text,
  /** Offsets in ns, `from-to`. */
  view: text,
  find: text,
  as: parseAsStringLiteral(['tree', 'lanes']).withDefault('tree'),
  /** '1': only spans on the critical path. */
  critical: text,
};

function readView(view: string, total: number): TimeRange {
  const [, from, to] = /^(\d{1,19})-(\d{1,19})$/.exec(view) ?? [];
  const range = { from: Number(from ?? 0), to: Number(to ?? total) };
  return range.to > range.from ? range : { from: 0, to: total };
}

/** `total`: ns of the whole trace. */
export function useTraceAddress(total: number) {
  const [query, set] = useQueryStates(PARAMETERS, { history: 'replace', throttleMs: 150 });
  const [moving, setMoving] = useState<TimeRange | null>(null);
  const burst = useRef<{ timer: ReturnType<typeof setTimeout>; push: boolean } | null>(null);
  const settled = useMemo(() => readView(query.view, total), [query.view, total]);
  useEffect(() => () => clearTimeout(burst.current?.timer), []);

  /** Null shows the whole trace. */
  const setRange = useCallback(
    (wanted: TimeRange | null, gesture: 'zoom' | 'pan') => {
      const span = wanted === null ? total : Math.min(total, wanted.to - wanted.from);
      const from = wanted === null ? 0 : Math.min(Math.max(0, wanted.from), total - span);
      const next = { from, to: from + span };
      setMoving(next);
      const push = gesture === 'zoom' || (burst.current?.push ?? false);
      clearTimeout(burst.current?.timer);
      const timer = setTimeout(() => {
        burst.current = null;
        const isAll = next.from <= 0 && next.to >= total;
        const [low, high] = [Math.floor(next.from), Math.ceil(next.to)];
        void set({ view: isAll ? '' : `${BigInt(low)}-${BigInt(high)}` }, { history: push ? 'push' : 'replace' });
        setMoving(null);
      }, RESTS_AFTER_MS);
      burst.current = { timer, push };
    },
    [set, total],
  );
  return { query, set, range: moving ?? settled, isWhole: moving === null && query.view === '', setRange };
}

export type TraceAddress = ReturnType<typeof useTraceAddress>;
