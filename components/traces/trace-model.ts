'use client';
/** A trace as it is drawn, from spans in full or in columns alike: rows, critical path, colours, matches. */
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { columnsOfSpans } from '../../lib/analysis/columns-of-spans.ts';
import { type CriticalPath, criticalPath } from '../../lib/analysis/critical-path.ts';
import { type PathParts, type PathShare, partsBySpan, pathShares } from '../../lib/analysis/critical-sums.ts';
import { type TraceColours, traceColours } from '../../lib/chart/trace/trace-raster.ts';
import { parentsOf, type WaterfallRows, waterfallRows } from '../../lib/chart/trace/waterfall.ts';
import type { SpanWireValue, TraceWire } from '../../lib/contract/traces.ts';
import type { TraceColumns } from '../../lib/model/trace-columns.ts';
import { useFound } from '../queries/trace.ts';

export interface TraceModel {
  readonly traceId: string;
  readonly columns: TraceColumns;
  readonly rows: WaterfallRows;
  readonly path: CriticalPath;
  readonly parts: PathParts;
  readonly shares: readonly PathShare[];
  readonly onPath: number;
  readonly errors: number;
  readonly colours: TraceColours;
  /** A span in full by its place; undefined where it must be asked for. */
  readonly fullOf: (index: number) => SpanWireValue | undefined;
  readonly isFull: boolean;
}

const sum = (flags: Uint8Array): number => flags.reduce((total, flag) => total + flag, 0);

/** Null while there is no answer. */
export function useTraceModel(traceId: string, full: TraceWire | null, given: TraceColumns | null): TraceModel | null {
  return useMemo(() => {
    const made = full === null ? null : columnsOfSpans(full);
    const columns = made?.columns ?? given;
    if (columns === null) return null;
    const rows = waterfallRows(columns.parent);
    const path = criticalPath(parentsOf(rows), columns.start, columns.duration);
    return {
      traceId,
      columns,
      rows,
      path,
      parts: partsBySpan(path),
      shares: pathShares(path, columns),
      onPath: sum(path.on),
      errors: sum(columns.failed),
      colours: traceColours(columns),
      fullOf: (index) => full?.spans[made?.order[index] ?? -1],
      isFull: full !== null,
    };
  }, [traceId, full, given]);
}

function holds(span: SpanWireValue, wanted: string): boolean {
  if (span.name.toLowerCase().includes(wanted) || span.spanId === wanted) return true;
  const at = wanted.indexOf('=');
  const [key, value] = [wanted.slice(0, at).trim(), wanted.slice(at + 1).trim()];
  return Object.entries(span.attributes).some(([name, held]) =>
    at > 0 ? name.toLowerCase() === key && held.toLowerCase() === value : held.toLowerCase().includes(wanted),
  );
}

export interface TraceMatches {
  /** 1 for spans that match; null where nothing is looked for, or the answer is on its way. */
  readonly flags: Uint8Array | null;
  readonly count: number;
  /** False: more match than are lit. */
  readonly isAll: boolean;
  readonly isAsking: boolean;
  readonly error: string | null;
}

const ASKS_AFTER_MS = 250;

/** What the text finds: here where the spans are in full, else the server looks. */
export function useTraceMatches(model: TraceModel, text: string): TraceMatches {
  const wanted = text.trim().toLowerCase();
  const [requested, setRequested] = useState(wanted);
  useEffect(() => {
    const timer = setTimeout(() => setRequested(wanted), ASKS_AFTER_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  const answer = useFound(model.traceId, model.isFull ? '' : requested);
  const found =
    wanted === '' || model.isFull || requested !== wanted || answer.isPlaceholderData ? undefined : answer.data;
  const local = useDeferredValue(wanted);
  const flags = useMemo(() => {
    const { columns, isFull, fullOf } = model;
    if (wanted === '') return null;
    const lit = new Uint8Array(columns.id.length);
    if (isFull) {
      for (let i = 0; i < lit.length; i++) {
        const span = fullOf(i);
        if (span !== undefined && holds(span, local)) lit[i] = 1;
      }
      return lit;
    }
    if (found === undefined) return null;
    const ids = new Set(found.spanIds.map((id) => BigInt(`0x${id}`)));
    for (let i = 0; i < lit.length; i++) if (ids.has(columns.id[i] ?? 0n)) lit[i] = 1;
    return lit;
  }, [model, wanted, local, found]);
  return {
    flags,
    count: useMemo(() => (flags === null ? 0 : sum(flags)), [flags]),
    isAll: found?.isAll ?? true,
    isAsking: wanted !== '' && flags === null && answer.error === null,
    error: wanted === '' ? null : (answer.error?.message ?? null),
  };
}
