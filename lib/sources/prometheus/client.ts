/** Client of Prometheus' HTTP API v1 (https://prometheus.io/docs/prometheus/2.42/querying/api/). */
import { createHash } from 'node:crypto';
import type { LabelSet, SeriesGrid } from '../../model/series.ts';
import type { Milliseconds } from '../../model/units.ts';
import { createHttpClient, type HttpTarget } from '../http/request.ts';
import { alignedGrid, decodeInstant, decodeRange } from './decode.ts';
import { createSharedCalls } from './shared-calls.ts';
import { Envelope, QueryData, type QueryDataWire } from './wire.ts';

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

export function createPrometheusClient(target: HttpTarget, options: { timeoutMs?: number } = {}): PrometheusClient {
  const http = createHttpClient(target);
  const timeoutMs = options.timeoutMs ?? 30_000;
  const share = createSharedCalls();

  const ask = async (name: string, path: string, form: URLSearchParams | null, signal: AbortSignal) => {
    const reply = await http({ path, timeoutMs, signal, ...(form ? { form } : {}) }).catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      throw new PrometheusError(
        'prometheus-down',
        `query "${name}" failed: ${wordsOf(cause)}`,
        `Check that Prometheus runs at ${target.url} and can be reached from here.`,
        { cause },
      );
    });
    return readEnvelope(name, reply.status, reply.text);
  };
  const query = (name: string, path: string, form: URLSearchParams, signal?: AbortSignal) => {
    form.set('timeout', `${timeoutMs / 1000}s`);
    const key = createHash('sha1').update(`${path} ${form}`).digest('hex');
    return share(key, (upstream) => ask(name, path, form, upstream), signal);
  };
  const queryData = async (
    name: string,
    path: string,
    form: URLSearchParams,
    signal?: AbortSignal,
  ): Promise<Answer<QueryDataWire>> => {
    const { data, warnings } = await query(name, path, form, signal);
    const parsed = QueryData.safeParse(data);
    if (!parsed.success) throw refused(name, 'the answer is not one Prometheus gives', WRONG_ADDRESS);
    return { data: parsed.data, warnings };
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
      const answers: Answer<QueryDataWire>[] = [];
      for (let next = 0; next < forms.length; next += PARTS_AT_ONCE)
        answers.push(
          ...(await Promise.all(
            forms.slice(next, next + PARTS_AT_ONCE).map((form) => queryData(name, '/api/v1/query_range', form, signal)),
          )),
        );
      return {
        data: decodeRange(
          answers.map((answer) => answer.data),
          grid,
        ),
        warnings: [...new Set(answers.flatMap((answer) => answer.warnings))],
      };
    },
    async instant({ name, promql, time }, signal) {
      const form = new URLSearchParams({ query: promql });
      if (time !== undefined) form.set('time', secondsText(time));
      const { data, warnings } = await queryData(name, '/api/v1/query', form, signal);
      if (data.resultType === 'matrix' || data.resultType === 'string')
        throw refused(name, `the expression gives a ${data.resultType}, not a vector`, 'Correct the expression.');
      return { data: decodeInstant(data), warnings };
    },
    async api(path, signal) {
      return (await share(`GET ${path}`, (upstream) => ask(path, path, null, upstream), signal)).data;
    },
  };
}

const secondsText = (ms: number): string => (ms / 1000).toFixed(3);
const WRONG_ADDRESS = 'Check that the address of Prometheus is that of its API, with any path prefix.';

function readEnvelope(name: string, status: number, text: string): Answer<unknown> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const parsed = Envelope.safeParse(body);
  if (parsed.success && parsed.data.status === 'success')
    return { data: parsed.data.data, warnings: [...(parsed.data.warnings ?? []), ...(parsed.data.infos ?? [])] };
  if (parsed.success && parsed.data.status === 'error')
    throw refused(
      name,
      `${parsed.data.errorType}: ${parsed.data.error}`,
      ADVICE[parsed.data.errorType] ?? 'Look into the log of Prometheus.',
    );
  const words = `HTTP ${status}: ${text.trim().slice(0, 300) || 'empty answer'}`;
  if (status === 401 || status === 403) throw refused(name, words, 'Check the token or password for Prometheus.');
  if (status >= 502 && status <= 504)
    throw new PrometheusError(
      'prometheus-down',
      `query "${name}" failed: ${words}`,
      'Start Prometheus, or correct the proxy before it.',
    );
  throw refused(name, words, WRONG_ADDRESS);
}

const ADVICE: Readonly<Record<string, string>> = {
  bad_data: 'The expression or the window is not one this Prometheus takes; correct it.',
  execution: 'The expression cannot be evaluated over these series; correct it or the labels they are matched on.',
  timeout: 'Ask for a shorter window, or raise --query.timeout of Prometheus.',
  unavailable: 'Prometheus is still starting; wait for it.',
};

const refused = (name: string, words: string, whatToDo: string): PrometheusError =>
  new PrometheusError('prometheus-refused', `query "${name}" failed: ${words}`, whatToDo);

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  const inner = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined;
  return inner instanceof Error ? inner.message : 'code' in error ? String(error.code) : error.name;
}
