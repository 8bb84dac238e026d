/** Client of Prometheus' HTTP API v1 (https://prometheus.io/docs/prometheus/2.42/querying/api/). */
import { createHash } from 'node:crypto';
import type { LabelSet, SeriesGrid } from '../../model/series.ts';
import type { Milliseconds } from '../../model/units.ts';
import { quotedShort } from '../../schema/issue-sentence.ts';
import { textOf, textsOf } from '../../schema/outside-value.ts';
import { createSetAside, setAsideSentence } from '../../schema/set-aside.ts';
import { BoundError, createJsonReader, type JsonBounds, type JsonRead } from '../http/json-reader.ts';
import { createHttpClient, type HttpReply, type HttpTarget } from '../http/request.ts';
import { alignedGrid, createGridBuilder, decodeSampleRow, instantSample, type SampleRow } from './decode.ts';
import { createSharedCalls } from './shared-calls.ts';
import { Envelope, QueryEnvelope } from './wire.ts';

/** `query "gpu-temperature" failed: <Prometheus' own words>`. Told apart by `code`. */
export class PrometheusError extends Error {
  readonly code: 'prometheus-down' | 'prometheus-refused';
  readonly whatToDo: string;

  constructor(code: PrometheusError['code'], message: string, whatToDo: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PrometheusError';
    this.code = code;
    this.whatToDo = whatToDo;
  }
}

export interface Answer<T> {
  readonly data: T;
  readonly warnings: readonly string[];
}

export interface PrometheusClient {
  readonly range: (
    query: { name: string; promql: string; from: Milliseconds; to: Milliseconds; step: Milliseconds },
    signal?: AbortSignal,
  ) => Promise<Answer<SeriesGrid>>;
  readonly instant: (
    query: { name: string; promql: string; time?: Milliseconds },
    signal?: AbortSignal,
  ) => Promise<Answer<{ labels: LabelSet; value: number }[]>>;
  /** GET of a path such as `/api/v1/rules`; `data` of the envelope. */
  readonly api: (path: string, signal?: AbortSignal) => Promise<unknown>;
}

/** Prometheus refuses more than 11,000 points per series; longer ranges are asked for in parts. */
const POINTS_PER_REQUEST = 10_000;
/** Parts of one long range that are under way at once. */
const PARTS_AT_ONCE = 4;
/** How long Prometheus itself may evaluate, so that its own words come before this client's patience ends. */
const EVALUATION_MS = 30_000;

/** A series with more is left out, and that is said. */
const MOST_LABELS = 1_000;

export interface PrometheusClientOptions {
  /** For one whole answer; default 35 s. */
  readonly timeoutMs?: number;
  readonly bounds?: Partial<JsonBounds>;
  /** The clock of Prometheus minus this machine's, ms, whenever an answer tells it. */
  readonly onClock?: (aheadMs: number) => void;
}

interface Requested {
  readonly name: string;
  readonly path: string;
  readonly form: URLSearchParams | null;
  readonly onRow?: (row: unknown) => void;
  readonly onBadRow?: () => void;
  readonly signal: AbortSignal;
}

export function createPrometheusClient(target: HttpTarget, options: PrometheusClientOptions = {}): PrometheusClient {
  const http = createHttpClient(target);
  const timeoutMs = options.timeoutMs ?? EVALUATION_MS + 5_000;
  const share = createSharedCalls();
  let clockFromSamples = false;

  const ask = async ({ name, path, form, onRow, onBadRow, signal }: Requested): Promise<Answer<unknown>> => {
    // Prometheus says what is wrong in the body of a 4xx too.
    const reader = createJsonReader({
      rowsAt: onRow ? ['data', 'result'] : null,
      ...(onRow ? { onRow } : {}),
      ...(onBadRow ? { onBadRow } : {}),
      bounds: { rowKeys: MOST_LABELS, ...options.bounds },
    });
    const reply = await http({ path, timeoutMs, signal, reader, ...(form ? { form } : {}) }).catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      if (cause instanceof BoundError)
        throw refused(
          name,
          `Prometheus answered ${cause.message.replace(/rows$/, 'series')}`,
          'Choose one cluster or a shorter window.',
        );
      if (cause instanceof SyntaxError) throw refused(name, 'the answer is not JSON', WRONG_ADDRESS);
      throw new PrometheusError(
        'prometheus-down',
        `query "${name}" failed: ${errorText(cause)}`,
        `Check that Prometheus runs at ${target.url} and can be reached from here.`,
        { cause },
      );
    });
    if (reply.clockAheadMs !== null && !clockFromSamples) options.onClock?.(reply.clockAheadMs);
    return readEnvelope(name, reply);
  };
  const keyOf = (path: string, forms: readonly URLSearchParams[]): string => {
    const hash = createHash('sha1').update(path);
    for (const form of forms) hash.update(` ${form}`);
    return hash.digest('hex');
  };
  /** Asks for rows of one form; resolves to what Prometheus warns of. */
  const rows = async (
    name: string,
    path: string,
    form: URLSearchParams,
    take: (row: SampleRow) => void,
    signal: AbortSignal,
  ): Promise<{ readonly warnings: readonly string[]; readonly scalar: readonly unknown[] }> => {
    form.set('timeout', `${Math.min(EVALUATION_MS, timeoutMs) / 1000}s`);
    const scalar: unknown[] = [];
    const setAside = createSetAside();
    let position = 0;
    const at = (): string => `series ${position}`;
    const { data, warnings } = await ask({
      name,
      path,
      form,
      signal,
      onRow(wire) {
        position += 1;
        if (typeof wire !== 'object') {
          if (scalar.length < 2) scalar.push(wire);
          else setAside.add(at, 'it is not an object');
          return;
        }
        const row = decodeSampleRow(wire, (reason) => setAside.add(at, reason));
        if (row) take(row);
      },
      onBadRow() {
        position += 1;
        setAside.add(at, 'it is not valid JSON, or too long');
      },
    });
    const envelope = QueryEnvelope.safeParse(data);
    if (!envelope.success) throw refused(name, 'the answer is not one Prometheus gives', WRONG_ADDRESS);
    const { resultType } = envelope.data;
    if (resultType === 'string' || (resultType === 'matrix') !== path.endsWith('_range'))
      if (resultType !== 'scalar' || path.endsWith('_range'))
        throw refused(name, `the expression gives a ${resultType}`, 'Correct the expression.');
    if (resultType === 'scalar') return { scalar, warnings };
    for (const [i, value] of scalar.entries())
      setAside.add(() => `item ${i + 1}`, `it is ${quotedShort(value)}, not a series`);
    const said = setAsideSentence(`the answer to query "${name}"`, setAside);
    return { scalar: [], warnings: said === null ? warnings : [...warnings, said] };
  };

  return {
    async range({ name, promql, from, to, step }, signal) {
      const grid = alignedGrid(from, to, step);
      const forms: URLSearchParams[] = [];
      for (let first = 0; first < grid.count; first += POINTS_PER_REQUEST) {
        const last = Math.min(first + POINTS_PER_REQUEST, grid.count) - 1;
        forms.push(
          new URLSearchParams({
            query: promql,
            start: secondsText(grid.start + first * step),
            end: secondsText(grid.start + last * step),
            step: secondsText(step),
          }),
        );
      }
      const path = '/api/v1/query_range';
      const run = async (upstream: AbortSignal): Promise<Answer<SeriesGrid>> => {
        const builder = createGridBuilder(grid);
        const warnings = new Set<string>();
        for (let next = 0; next < forms.length; next += PARTS_AT_ONCE) {
          const parts = forms.slice(next, next + PARTS_AT_ONCE);
          for (const part of await Promise.all(parts.map((form) => rows(name, path, form, builder.add, upstream))))
            for (const warning of part.warnings) warnings.add(warning);
        }
        const unreadable = builder.unreadable();
        if (unreadable > 0)
          warnings.add(`values of query "${name}" that are not numbers, shown as gaps: ${unreadable}`);
        return { data: builder.build(), warnings: [...warnings] };
      };
      return share(keyOf(path, forms), run, signal);
    },
    async instant({ name, promql, time }, signal) {
      const form = new URLSearchParams({ query: promql });
      if (time !== undefined) form.set('time', secondsText(time));
      const path = '/api/v1/query';
      const run = async (upstream: AbortSignal): Promise<Answer<{ labels: LabelSet; value: number }[]>> => {
        const data: { labels: LabelSet; value: number }[] = [];
        const began = Date.now();
        let evaluated: number | null = null;
        const take = (row: SampleRow): void => {
          evaluated ??= (row.samples[0]?.[0] ?? Number.NaN) * 1000;
          const sample = instantSample(row);
          if (sample) data.push(sample);
        };
        const { warnings, scalar } = await rows(name, path, form, take, upstream);
        const [seconds, text] = scalar;
        if (typeof seconds === 'number' && typeof text === 'string') take({ labels: {}, samples: [[seconds, text]] });
        // Without a time of the question the samples bear that of Prometheus' own clock, after it was asked and before it answered.
        const now = Date.now();
        if (time === undefined && evaluated !== null && Number.isFinite(evaluated)) {
          clockFromSamples = true;
          options.onClock?.(evaluated < began ? evaluated - began : evaluated > now ? evaluated - now : 0);
        }
        return { data, warnings };
      };
      return share(keyOf(path, [form]), run, signal);
    },
    async api(path, signal) {
      const run = (upstream: AbortSignal) => ask({ name: path, path, form: null, signal: upstream });
      return (await share(`GET ${path}`, run, signal)).data;
    },
  };
}

const secondsText = (ms: number): string => (ms / 1000).toFixed(3);
const WRONG_ADDRESS = 'Check that the address of Prometheus is that of its API, with any path prefix.';

function readEnvelope(name: string, { status, body, errorText }: HttpReply<JsonRead>): Answer<unknown> {
  const parsed = Envelope.safeParse(body === null ? parse(errorText) : body.rest);
  if (parsed.success && parsed.data.status === 'success' && body !== null)
    return { data: parsed.data.data, warnings: [...textsOf(parsed.data.warnings), ...textsOf(parsed.data.infos)] };
  if (parsed.success && parsed.data.status === 'error') {
    const kind = textOf(parsed.data.errorType) ?? 'error';
    const reason = (textOf(parsed.data.error) ?? 'no reason was given').slice(0, 1000);
    throw refused(name, `${kind}: ${reason}`, ADVICE.get(kind) ?? 'Look into the log of Prometheus.');
  }
  const said = body === null ? errorText : (JSON.stringify(body.rest) ?? '');
  const reason = `HTTP ${status}: ${said.slice(0, 4096).trim().slice(0, 300) || 'empty answer'}`;
  if (status === 401 || status === 403) throw refused(name, reason, 'Check the token or password for Prometheus.');
  if (status >= 502 && status <= 504)
    throw new PrometheusError(
      'prometheus-down',
      `query "${name}" failed: ${reason}`,
      'Start Prometheus, or correct the proxy before it.',
    );
  throw refused(name, reason, WRONG_ADDRESS);
}

const ADVICE = new Map(
  Object.entries({
    bad_data: 'The expression or the window is not one this Prometheus takes; correct it.',
    execution: 'The expression cannot be evaluated over these series; correct it or the labels they are matched on.',
    timeout: 'Ask for a shorter window, or raise --query.timeout of Prometheus.',
    unavailable: 'Prometheus is still starting; wait for it.',
  }),
);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const refused = (name: string, reason: string, whatToDo: string): PrometheusError =>
  new PrometheusError('prometheus-refused', `query "${name}" failed: ${reason}`, whatToDo);

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  const inner = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined;
  return inner instanceof Error ? inner.message : 'code' in error ? String(error.code) : error.name;
}
