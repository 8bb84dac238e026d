/**
 * What a file is, from its first bytes; its name says nothing. What X-Ray cannot import is named, so that the reader
 * knows what was found and where it belongs.
 */
import type { ImportKind } from '../../contract/cli.ts';
import type { JsonShape } from './json-pieces.ts';
import { leadingField, looksLikeRequest } from './otlp-wire.ts';
import type { ProtobufShape } from './protobuf-pieces.ts';

export type Detected =
  | { readonly kind: 'ray-events' | 'ray-timeline-a' | 'ray-timeline-b' | 'otlp-json'; readonly shape: JsonShape }
  | { readonly kind: 'otlp-protobuf'; readonly shape: ProtobufShape }
  /** `isList`: a bare list of events, as `json.dump(events)` writes it. */
  | { readonly kind: 'kineto'; readonly isList: boolean }
  | { readonly kind: 'unknown'; readonly reason: string };

export const WANTED =
  "xray import takes Ray events (JSON), Ray timelines, OTLP traces (JSON or protobuf), and traces of PyTorch's profiler, each plain, gzip or zstd";

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** `head`: the first bytes, decompressed; `isWhole`: there is nothing after them. */
export function detectKind(head: Buffer, isWhole: boolean): Detected {
  if (head.length === 0) return { kind: 'unknown', reason: 'the file is empty' };
  if (looksLikeRequest(head)) return { kind: 'otlp-protobuf', shape: 'request' };
  const length = head.length >= 4 ? head.readUInt32BE(0) : 0;
  if (length > 0 && length < 2 ** 28 && looksLikeRequest(head.subarray(4, 4 + length)))
    if (4 + length >= head.length || leadingField(head.subarray(8 + length)) >= 0 || head.length < 9 + length)
      return { kind: 'otlp-protobuf', shape: 'length-prefixed' };
  const text = head
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text === '') return { kind: 'unknown', reason: 'the file is blank' };
  if (text.startsWith('{') || text.startsWith('[')) return detectJson(text, isWhole);
  return { kind: 'unknown', reason: describeOther(head, text) };
}

/** What kineto writes beside its events. */
const KINETO_MEMBERS = /"(schemaVersion|deviceProperties|distributedInfo|baseTimeNanoseconds)"\s*:/;
/** Categories only it has; the last ones are those of torch up to 1.12. */
const KINETO_CATEGORIES =
  /"cat"\s*:\s*"(cpu_op|user_annotation|gpu_user_annotation|cuda_runtime|cuda_driver|gpu_memcpy|gpu_memset|kernel|python_function|cpu_instant_event|privateuse1_runtime|xpu_runtime|hpu_op|operator|Operator|Kernel|Runtime|Memcpy|Memset)"/;

/** A trace of PyTorch's profiler, or a bare list of its events. Ray's events have a worker or a driver for their thread. */
function kinetoShape(text: string): { readonly isList: boolean } | null {
  if (text.startsWith('{'))
    return /"traceEvents"\s*:\s*\[/.test(text) && (KINETO_MEMBERS.test(text) || KINETO_CATEGORIES.test(text))
      ? { isList: false }
      : null;
  const isList = /^\[\s*\{/.test(text) && KINETO_CATEGORIES.test(text) && /"ph"\s*:/.test(text);
  return isList && !/"tid"\s*:\s*"(worker|driver):/.test(text) ? { isList } : null;
}

function detectJson(text: string, isWhole: boolean): Detected {
  const kineto = kinetoShape(text);
  if (kineto !== null) return { kind: 'kineto', ...kineto };
  const all = text.split('\n');
  // The last line may be cut by the end of the head.
  const complete = (isWhole ? all : all.slice(0, -1)).map((line) => line.trim()).filter((line) => line !== '');
  const sample = complete.slice(0, 20);
  const parsed = sample.map(parse).filter((value) => typeof value === 'object' && value !== null);
  const isOneArray = text.startsWith('[') && isWhole && complete.length === 1;
  const areLines = parsed.length > 0 && 2 * parsed.length > sample.length && !isOneArray;
  const shape: JsonShape = areLines ? 'lines' : text.startsWith('[') ? 'array' : 'values';
  const records = (areLines ? parsed : [isWhole ? parse(text) : undefined]).flatMap((value) =>
    Array.isArray(value) ? value : [value],
  );
  for (const record of [...records, firstObject(text)].filter(isFields)) {
    const kind = kindOf(record);
    if (kind === 'unknown') return { kind, reason: describe(record) };
    if (kind !== null) return { kind, shape };
  }
  if (/^\[\s*\]\s*$/.test(text) || (areLines && records.length === 0))
    return { kind: 'unknown', reason: 'the file holds an empty list (Ray answers one for a job it does not know)' };
  const byKeys = kindOfKeys(text);
  if (byKeys !== null) return { kind: byKeys, shape };
  const first = records.find(isFields);
  if (first) return { kind: 'unknown', reason: describe(first) };
  if (isWhole && parsed.length === 0)
    return { kind: 'unknown', reason: 'the file starts like JSON but is not valid JSON' };
  const key = /^[\s[{]*"([^"]{1,40})"\s*:/.exec(text)?.[1];
  const isAnswer = key === 'result' || /"(num_after_truncation|partial_failure_warning)"\s*:/.test(text);
  if (isAnswer) return { kind: 'unknown', reason: describe({ result: true, data: null }) };
  return { kind: 'unknown', reason: key ? `JSON that begins with the key ${key}` : 'JSON of neither Ray nor OTLP' };
}

/** The first object of a list, or of text that goes on beyond the head; undefined where it is not all there. */
function firstObject(text: string): unknown {
  const from = text.indexOf('{');
  if (from < 0) return undefined;
  let depth = 0;
  let inString = false;
  for (let i = from; i < text.length; i++) {
    const letter = text[i];
    if (inString) {
      if (letter === '\\') i += 1;
      else if (letter === '"') inString = false;
    } else if (letter === '"') inString = true;
    else if (letter === '{') depth += 1;
    else if (letter === '}') {
      depth -= 1;
      if (depth === 0) return parse(text.slice(from, i + 1));
    }
  }
  return undefined;
}

type JsonKind = Exclude<ImportKind, 'otlp-protobuf' | 'kineto'>;

/** null: this record does not tell (a name of a Chrome trace, say). `unknown`: it is surely something else. */
function kindOf(record: Fields): JsonKind | null {
  if ('eventType' in record || 'event_type' in record) return 'ray-events';
  if ('resourceSpans' in record || 'resource_spans' in record) return 'otlp-json';
  if ('traceEvents' in record) return 'unknown';
  if (typeof record.ph !== 'string') return null;
  if (record.ph === 'M') return null;
  const args = isFields(record.args) ? record.args : {};
  if (typeof record.tid === 'string') return /^(worker|driver):/.test(record.tid) ? 'ray-timeline-b' : 'unknown';
  return 'task_id' in args && 'attempt_number' in args ? 'ray-timeline-a' : 'unknown';
}

/** Where no record is whole in the head: from the keys that stand in it. */
function kindOfKeys(text: string): Exclude<JsonKind, 'unknown'> | null {
  const head = text.slice(0, 4096);
  if (/"(resourceSpans|resource_spans)"\s*:/.test(head)) return 'otlp-json';
  if (/"(sessionName|session_name)"\s*:/.test(head) && /"(eventType|event_type)"\s*:/.test(head)) return 'ray-events';
  return null;
}

/** Names what an object is. */
function describe(record: Fields): string {
  if ('traceEvents' in record) return "a Chrome trace that is neither Ray's nor PyTorch's profiler's";
  if ('ph' in record) return "a list of Chrome trace events that is not Ray's";
  if (typeof record.Event === 'string' && record.Event.startsWith('Spark')) return 'a Spark event log';
  if ('resourceMetrics' in record) return 'OTLP metrics: X-Ray takes traces over OTLP, metrics from Prometheus';
  if ('resourceLogs' in record) return 'OTLP logs: X-Ray takes traces over OTLP';
  if ('result' in record && 'data' in record)
    return "an answer of Ray's State API, which X-Ray polls itself (RAY_DASHBOARD_URL)";
  if (record.status === 'success' && 'data' in record)
    return 'an answer of Prometheus, which X-Ray asks itself (PROMETHEUS_URL)';
  if ('pg_config' in record || 'nccl_version' in record) return 'a PyTorch Flight Recorder dump';
  const keys = Object.keys(record);
  return `JSON with the keys ${keys.slice(0, 5).join(', ') || '(none)'}${keys.length > 5 ? ', ...' : ''}`;
}

const MAGIC: readonly (readonly [readonly number[], string])[] = [
  [[0x1f, 0x8b], 'gzip inside gzip or zstd'],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'zstd inside another compression'],
  [[0x42, 0x5a, 0x68], 'bzip2 data: decompress it first'],
  [[0xfd, 0x37, 0x7a, 0x58], 'xz data: decompress it first'],
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file'],
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
  [[0x7f, 0x45, 0x4c, 0x46], 'a program'],
  [[0x80, 0x02], 'a Python pickle (a PyTorch Flight Recorder dump is one)'],
  [[0x80, 0x04], 'a Python pickle (a PyTorch Flight Recorder dump is one)'],
];

function describeOther(head: Buffer, text: string): string {
  for (const [bytes, name] of MAGIC) if (bytes.every((byte, i) => head[i] === byte)) return name;
  if (head.subarray(257, 262).toString('latin1') === 'ustar') return 'a tar archive: unpack it first';
  const sample = head.subarray(0, 4096);
  const control = sample.filter((byte) => byte < 9 || (byte > 13 && byte < 32)).length;
  if (control > sample.length / 100 || text.slice(0, 1000).includes('\uFFFD'))
    return `binary data that begins with the bytes ${head.subarray(0, 8).toString('hex')}`;
  if (/^# (HELP|TYPE) /m.test(text.slice(0, 4096))) return 'metrics in text form, which Prometheus reads';
  return `text that begins with ${JSON.stringify(text.split('\n')[0]?.slice(0, 40))}`;
}
