'use client';
/**
 * What one looks at on a timeline. All of it stands in the address. A zoom is a step that Back undoes; a pan replaces the
 * step it starts from. While a gesture goes on the window lives here and reaches the address when the hand rests.
 */
import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { COLOUR_MODES } from '../../lib/chart/colour/timeline-colours.ts';
import { LANE_ORDERS } from '../../lib/chart/timeline/timeline-columns.ts';
import { readRange, writeInstant } from '../../lib/chart/timeline/timeline-instant.ts';
import type { TimeRange } from '../../lib/chart/timeline/timeline-raster.ts';

const RESTS_AFTER_MS = 300;
const text = parseAsString.withDefault('');

const PARAMETERS = {
  from: parseAsString,
  to: parseAsString,
  /** `taskId:attempt`. */
  sel: text,
  color: parseAsStringLiteral(COLOUR_MODES).withDefault('function'),
  order: parseAsStringLiteral(LANE_ORDERS).withDefault('node'),
  q: text,
  fn: text,
  state: text,
  /** Key of a node, actor class, least duration in ns: filters of large timelines, which the server applies. */
  node: text,
  actor: text,
  longer: text,
  /** Node ids of folded groups, joined by commas. */
  fold: text,
  /** '1': the window stays at now. */
  live: text,
  as: parseAsStringLiteral(['lanes', 'table']).withDefault('lanes'),
};

export interface TimelineFilter {
  readonly function?: string;
  readonly state?: 'FINISHED' | 'FAILED';
  readonly text?: string;
  readonly node?: string;
  readonly actor?: string;
  readonly longer?: string;
}

/** The filters of the address, as the server takes them, and the order of lanes. */
export function useTimelineFilter() {
  const [{ fn, state, q, order, node, actor, longer }] = useQueryStates(PARAMETERS, { history: 'replace' });
  const filter = useMemo(
    (): TimelineFilter => ({
      ...(fn === '' ? {} : { function: fn }),
      ...(state === 'FINISHED' || state === 'FAILED' ? { state } : {}),
      ...(q.trim() === '' ? {} : { text: q.trim() }),
      ...(/^[0-9a-f]{16}$/.test(node) ? { node } : {}),
      ...(actor === '' ? {} : { actor }),
      ...(/^\d{1,18}$/.test(longer) ? { longer } : {}),
    }),
    [fn, state, q, node, actor, longer],
  );
  return { filter, order };
}

/** A jump is a step as a zoom is; it leaves now, as a pan does. */
export type Gesture = 'zoom' | 'pan' | 'jump';

export function useTimelineView(originNs: string) {
  const [query, setQuery] = useQueryStates(PARAMETERS, { history: 'replace' });
  const [moving, setMoving] = useState<{ range: TimeRange | null } | null>(null);
  const burst = useRef<{ timer: ReturnType<typeof setTimeout>; push: boolean } | null>(null);
  const settled = useMemo(() => readRange(query.from, query.to, originNs), [query.from, query.to, originNs]);

  useEffect(() => () => clearTimeout(burst.current?.timer), []);

  /** Null shows the whole job. */
  const setRange = useCallback(
    (range: TimeRange | null, gesture: Gesture) => {
      if (gesture !== 'zoom' && query.live === '1') void setQuery({ live: '' });
      setMoving({ range });
      const push = gesture !== 'pan' || (burst.current?.push ?? false);
      clearTimeout(burst.current?.timer);
      const timer = setTimeout(() => {
        burst.current = null;
        void setQuery(
          {
            from: range === null ? null : writeInstant(range.from, originNs),
            to: range === null ? null : writeInstant(range.to, originNs),
          },
          { history: push ? 'push' : 'replace' },
        );
        setMoving(null);
      }, RESTS_AFTER_MS);
      burst.current = { timer, push };
    },
    [originNs, setQuery, query.live],
  );

  const folded = useMemo(() => new Set(query.fold === '' ? [] : query.fold.split(',')), [query.fold]);
  const fold = useCallback(
    (nodeId: string) => {
      const next = new Set(folded);
      if (!next.delete(nodeId)) next.add(nodeId);
      void setQuery({ fold: [...next].join(',') });
    },
    [folded, setQuery],
  );
  return {
    query,
    set: setQuery,
    /** The window under the hand; null: all of the job. */
    range: moving === null ? settled : moving.range,
    /** The window where the hand last rested. */
    settled,
    setRange,
    folded,
    fold,
  };
}

export type TimelineView = ReturnType<typeof useTimelineView>;
