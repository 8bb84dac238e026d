/**
 * SYNTHETIC: OTLP trace requests (JSON) with very many of one thing each. Three of the traces are collectives too, so that one
 * body shows both: many communicators, many ranks of one, many operations of one.
 */
import { BEGIN_MS, type ScaleBody } from './ray-bodies.ts';

export const SCALE_TRACES = {
  /** A chain: each span the child of the one before; each of a service of its own; each of a communicator of its own. */
  chain: `${'c'.repeat(31)}1`,
  /** Two spans that are each other's parents, and so on; each a rank of one communicator. */
  cycle: `${'c'.repeat(31)}2`,
  /** Children of one root, span ids sent twice under other names; each an operation of one communicator. */
  wide: `${'c'.repeat(31)}3`,
  /** One span with very many attributes, one with events, one with links. */
  attributes: `${'c'.repeat(31)}4`,
  events: `${'c'.repeat(31)}5`,
  links: `${'c'.repeat(31)}6`,
} as const;
export const SCALE_COMMUNICATORS = { ranks: 'synthetic-many-ranks', operations: 'synthetic-many-operations' } as const;
const SPANS = 25_000;
const ID = (number: number): string => number.toString(16).padStart(16, '0');
const ns = (ms: number): string => `${Math.floor(ms)}${String(Math.round((ms % 1) * 1e6)).padStart(6, '0')}`;
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

interface Span {
  readonly service: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Spans of one trace in bodies; `make` gives what is not the same for all. */
function* spans(traceId: string, count: number, make: (i: number) => Span): Generator<ScaleBody> {
  for (let from = 0; from < count; from += SPANS) {
    const resourceSpans = Array.from({ length: Math.min(SPANS, count - from) }, (_, k) => {
      const { service, fields } = make(from + k);
      const start = BEGIN_MS + 3_000_000 + (from + k) / 100;
      const span = {
        traceId,
        spanId: ID(from + k + 1),
        name: 'synthetic',
        startTimeUnixNano: ns(start),
        endTimeUnixNano: ns(start + 1),
        ...fields,
      };
      return {
        resource: {
          attributes: [text('service.name', service), text('host.name', `synthetic-host-${(from + k) % 8}`)],
        },
        scopeSpans: [{ spans: [span] }],
      };
    });
    yield { path: '/v1/traces', json: JSON.stringify({ resourceSpans }) };
  }
}

const collective = (communicator: string, rank: number, ranks: number, sequence: number) => [
  text('op_type', 'all_reduce'),
  text('comm_id_hash', communicator),
  text('nccl.comm_name', communicator),
  text('rank', String(rank)),
  text('nranks', String(ranks)),
  text('nccl.seq', String(sequence)),
  text('nccl.message.size_bytes', String(2 ** (10 + (sequence % 20)))),
];

export const chain = (count: number): Generator<ScaleBody> =>
  spans(SCALE_TRACES.chain, count, (i) => ({
    service: `synthetic-service-${i}`,
    fields: {
      ...(i === 0 ? {} : { parentSpanId: ID(i) }),
      endTimeUnixNano: ns(BEGIN_MS + 3_000_000 + count / 100 + 1 - i / 200),
      attributes: collective(`synthetic-communicator-${i}`, 0, 1, 0),
    },
  }));

export const cycle = (count: number): Generator<ScaleBody> =>
  spans(SCALE_TRACES.cycle, count, (i) => ({
    service: 'synthetic',
    fields: {
      parentSpanId: ID((i ^ 1) + 1),
      attributes: collective(SCALE_COMMUNICATORS.ranks, i, count, 0),
    },
  }));

export const wide = (count: number): Generator<ScaleBody> =>
  spans(SCALE_TRACES.wide, count, (i) => ({
    service: 'synthetic',
    fields: {
      // The upper half of the spans carries the ids of the lower.
      spanId: ID((i % Math.ceil(count / 2)) + 1),
      name: `synthetic.${i}`,
      ...(i === 0 ? {} : { parentSpanId: ID(1) }),
      attributes: collective(SCALE_COMMUNICATORS.operations, i % 2, 2, i >> 1),
    },
  }));

export const attributesOfOneSpan = (count: number): Generator<ScaleBody> =>
  spans(SCALE_TRACES.attributes, 1, () => ({
    service: 'synthetic',
    fields: { attributes: Array.from({ length: count }, (_, i) => text(`synthetic.key.${i}`, `value ${i}`)) },
  }));

export const eventsOfOneSpan = (count: number): Generator<ScaleBody> =>
  spans(SCALE_TRACES.events, 1, () => ({
    service: 'synthetic',
    fields: {
      events: Array.from({ length: count }, (_, i) => ({
        timeUnixNano: ns(BEGIN_MS + i),
        name: `synthetic.event.${i}`,
        attributes: [text('synthetic.key', `value ${i}`)],
      })),
    },
  }));

export const linksOfOneSpan = (count: number): Generator<ScaleBody> =>
  spans(SCALE_TRACES.links, 1, () => ({
    service: 'synthetic',
    fields: {
      links: Array.from({ length: count }, (_, i) => ({
        traceId: SCALE_TRACES.chain,
        spanId: ID(i + 1),
        attributes: [text('synthetic.key', `value ${i}`)],
      })),
    },
  }));
