/**
 * Spans as real exporters send them: clocks that go back, ids that are none, 64-bit integers everywhere, times in all spellings. Through the
 * public door into the real engine, and out of the API.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POST as postTraces } from '../../../../app/v1/traces/route.ts';
import type { SpanWireValue } from '../../../../lib/contract/traces.ts';
import { type Runtime, setRuntime } from '../../../../lib/server/runtime/runtime.ts';
import { getTrace } from '../../../../lib/server/traces/traces.ts';
import { openTestRuntime } from '../../../support/open-runtime.ts';
import { field, span, traceRequest } from '../../../support/otlp-bodies.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openTestRuntime();
  setRuntime(runtime);
});
afterAll(() => runtime.close());

async function post(body: string | Uint8Array, query = '', type = 'application/json'): Promise<Response> {
  const bytes = typeof body === 'string' ? body : new Uint8Array(body);
  const request = new Request(`http://127.0.0.1/v1/traces${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: bytes,
  });
  return postTraces(request);
}
const fixture = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/otlp/synthetic/${name}/spans.json`, import.meta.url), 'utf8');

async function spansOf(traceId: string): Promise<readonly SpanWireValue[]> {
  return (await getTrace(runtime, { traceId, limit: 1000 })).spans;
}
let traces = 0xf000;
/** The one span of a trace of its own, as it was sent as text and as it is read back. */
async function roundTrip(fields: string): Promise<SpanWireValue | undefined> {
  traces += 1;
  const traceId = traces.toString(16).padStart(32, '0');
  const ids = `"traceId":"${traceId}","spanId":"00000000000000aa","name":"x"`;
  const answer = await post(`{"resourceSpans":[{"scopeSpans":[{"spans":[{${ids},${fields}}]}]}]}`);
  expect([answer.status, await answer.json()]).toEqual([200, {}]);
  return (await spansOf(traceId))[0];
}

describe('clocks', () => {
  it('a span that ends before it starts, and one that never ended, are kept with duration 0; no child is orphaned', async () => {
    expect(await (await post(fixture('clock'))).json()).toEqual({});
    const spans = await spansOf('1111111111111111111111111111111a');
    expect(spans).toHaveLength(6);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(spans.filter(({ parentSpanId }) => parentSpanId !== '' && !ids.has(parentSpanId))).toEqual([]);
    const notes = spans.filter(({ attributes }) => 'xray.clock' in attributes);
    expect(notes.map(({ spanId, durationNs, attributes }) => [spanId, durationNs, attributes['xray.clock']])).toEqual([
      ['a000000000000002', '0', 'it ends 1.101 s before it starts; kept with duration 0'],
      ['a000000000000004', '0', 'it has no end; kept with duration 0'],
    ]);
  });

  const START = 1_795_999_707_515_640_517n;
  it.each([
    ['an end that is no time', `"startTimeUnixNano":"${START}","endTimeUnixNano":"soon"`, '0', /not a time/],
    ['an end of null', `"startTimeUnixNano":"${START}","endTimeUnixNano":null`, '0', /no end/],
    ['no end', `"startTimeUnixNano":"${START}"`, '0', /no end/],
    ['a negative end', `"startTimeUnixNano":"${START}","endTimeUnixNano":-1`, '0', /not a time/],
    [
      'snake case',
      `"start_time_unix_nano":"${START}","end_time_unix_nano":"${START - 7n}"`,
      '0',
      /0.000000007 s before/,
    ],
    ['numbers', `"startTimeUnixNano":${START},"endTimeUnixNano":${START + 3n}`, '3', null],
    ['exponents', `"startTimeUnixNano":1.795999707515640517e18,"endTimeUnixNano":"${START + 3n}"`, '3', null],
  ])('%s', async (_, fields, durationNs, note) => {
    const found = await roundTrip(fields);
    expect(found).toMatchObject({ startNs: String(START), durationNs });
    if (note === null) expect(found?.attributes).toEqual({});
    else expect(found?.attributes['xray.clock']).toMatch(note);
  });

  it('protobuf: the same', async () => {
    const time = (number: number, value: bigint): Buffer => {
      const bytes = Buffer.alloc(9);
      bytes[0] = number * 8 + 1;
      bytes.writeBigUInt64LE(value, 1);
      return bytes;
    };
    const id = Buffer.from('dddddddddddddddddddddddddddddddd', 'hex');
    const one = Buffer.concat([field(1, id), field(2, id.subarray(0, 8)), time(7, START), time(8, START - 5n)]);
    const event = field(11, field(2, Buffer.from('no time')));
    const link = field(13, Buffer.concat([field(1, Buffer.alloc(16)), field(2, id.subarray(0, 8))]));
    const body = field(1, field(2, field(2, Buffer.concat([one, event, link]))));
    expect((await post(body, '', 'application/x-protobuf')).status).toBe(200);
    const [found] = await spansOf(id.toString('hex'));
    expect(found).toMatchObject({ durationNs: '0', links: [], events: [{ timeNs: String(START), name: 'no time' }] });
    expect(found?.attributes).toEqual({
      'xray.clock': 'it ends 0.000000005 s before it starts; kept with duration 0',
      'xray.links': '1 of 1 left out: no trace id and span id in hex',
    });
  });
});

describe('ids, links, events and values', () => {
  it('two of ten spans are refused alone with their reason; links and events are right', async () => {
    const answer: unknown = await (await post(fixture('ids'))).json();
    expect(answer).toMatchObject({
      partialSuccess: { rejectedSpans: '2', errorMessage: expect.stringMatching(/^span 3: traceId is "Z6z8/) },
    });
    const spans = await spansOf('2222222222222222222222222222222b');
    expect(spans).toHaveLength(8);
    const root = spans.find(({ spanId }) => spanId === 'b000000000000001');
    expect(root?.links.map(({ traceId, spanId }) => `${traceId} ${spanId}`)).toEqual([
      '9d3036308ba047439887289b774271bd e980010203040506',
      '1111111111111111111111111111111a a000000000000001',
    ]);
    expect(root?.events.map(({ name, timeNs }) => [name, timeNs])).toEqual([
      ['no time', '1795999707515640517'],
      ['outside', '1795999712515640517'],
      ['numeric', '1795999707515640517'],
    ]);
    expect(root?.events[0]?.attributes).toEqual({ 'xray.clock': 'it has no time; placed at the start of its span' });
    expect(root?.attributes).toEqual({
      seq: '9007199254740993',
      arr: '[9007199254740993,"x"]',
      kv: '{"n":-9223372036854775808}',
      nan: 'NaN',
      empty: '',
      nul: '',
      dbl: '1',
      bytes: 'aGVsbG8=',
      dup: '2',
      'xray.links': '1 of 3 left out: no trace id and span id in hex',
    });
    expect(spans.find(({ spanId }) => spanId === 'b000000000000009')?.startNs).toBe('1795999707515640517');
  });

  const TIMES = '"startTimeUnixNano":"1795999707515640517","endTimeUnixNano":"1795999707515640518"';
  it.each([
    ['an integer as a JSON number', '{"intValue":9223372036854775807}', '9223372036854775807'],
    ['an integer with an exponent', '{"intValue":9.007199254740993e15}', '9007199254740993'],
    [
      'nested five deep',
      '{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"-9007199254740995"}]}}}]}}]}}',
      '[{"a":[-9007199254740995]}]',
    ],
    ['a null in an array keeps its place', '{"arrayValue":{"values":[null,{"boolValue":false}]}}', '[null,false]'],
    ['NaN in an array', '{"arrayValue":{"values":[{"doubleValue":"NaN"},{"doubleValue":1.5}]}}', '["NaN",1.5]'],
    ['bare Infinity, as Python writes it', '{"doubleValue":-Infinity}', '-Infinity'],
    ['an empty array', '{"arrayValue":{}}', '[]'],
    ['an array of null', '{"arrayValue":{"values":null}}', '[]'],
    ['bytes in a map', '{"kvlistValue":{"values":[{"key":"b","value":{"bytesValue":"aGk="}}]}}', '{"b":"aGk="}'],
    [
      'a key called __proto__',
      '{"kvlistValue":{"values":[{"key":"__proto__","value":{"intValue":"1"}}]}}',
      '{"__proto__":1}',
    ],
  ])('%s', async (_, value, text) => {
    const found = await roundTrip(`${TIMES},"attributes":[{"key":"k","value":${value}}]`);
    expect(found?.attributes).toEqual({ k: text });
  });

  it.each([
    ['attributes of null', '"attributes":null,"events":null,"links":null', {}],
    [
      'an event that is no object',
      '"events":[null,7,{"name":"e","timeUnixNano":"1795999707515640517"}]',
      { events: 1 },
    ],
    ['an event after 2262', '"events":[{"name":"e","timeUnixNano":"9999999999999999999"}]', { events: 1 }],
    ['a link that is no object', '"links":[null]', { note: /1 of 1 left out/ }],
    ['links in base64', '"links":[{"traceId":"Z6z8LqVvEI+kU1/Ci6mXBQ==","spanId":"gMEgDJS+EXg="}]', { note: /1 of 1/ }],
    ['a parent as bytes', '"parentSpanId":[1,2,3,4,5,6,7,8]', { parent: '0102030405060708' }],
    ['an empty parent as bytes', '"parentSpanId":[]', {}],
    ['a parent that is a number', '"parentSpanId":0', {}],
    ['a parent of null', '"parentSpanId":null', {}],
    ['a raw control character', '"traceState":"a\u0001b"', {}],
  ])(
    '%s costs nothing but itself',
    async (_, fields, expected: { events?: number; note?: RegExp; parent?: string }) => {
      const found = await roundTrip(`${TIMES},${fields}`);
      expect(found?.events).toHaveLength(expected.events ?? 0);
      expect(found?.links).toEqual([]);
      expect(found?.parentSpanId).toBe(expected.parent ?? '');
      if (expected.note) expect(found?.attributes['xray.links']).toMatch(expected.note);
    },
  );

  it('one span that is no JSON is refused alone, with its position', async () => {
    const good = JSON.stringify(span(900));
    const bad = '{"traceId":"x","name":"\\q"}';
    const body = `{"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"spans":[${good},${bad},${JSON.stringify(span(901))}]}]}]}`;
    const answer: unknown = await (await post(body)).json();
    expect(answer).toMatchObject({
      partialSuccess: {
        rejectedSpans: '1',
        errorMessage: expect.stringMatching(/^span 1: the record is not valid JSON/),
      },
    });
    expect(await spansOf((901).toString(16).padStart(32, '0'))).toHaveLength(1);
  });

  it('a resource that is no JSON costs its spans nothing', async () => {
    const body = `{"resourceSpans":[{"resource":{"attributes":[{"key":"\\q"}]},"scopeSpans":[{"spans":[${JSON.stringify(span(910))}]}]}]}`;
    expect(await (await post(body)).json()).toEqual({});
  });
});

describe('spans that are older than the retention', () => {
  const old = (index: number) =>
    span(index, { startTimeUnixNano: '1000000000000000000', endTimeUnixNano: '1000000000000000005' });

  it('live: set aside with the reason and how many; what is young is stored', async () => {
    const answer: unknown = await (await post(JSON.stringify(traceRequest([old(950), span(951), old(952)])))).json();
    expect(answer).toEqual({
      partialSuccess: {
        rejectedSpans: '2',
        errorMessage:
          'span 0: it started 2001-09-09T01:46:40Z, and traces are kept for 3650 days; "xray import" keeps recordings (2 spans of this request are older than the retention)',
      },
    });
    expect(await spansOf((952).toString(16).padStart(32, '0'))).toHaveLength(1);
  });

  it('a recording: kept', async () => {
    expect(await (await post(JSON.stringify(traceRequest([old(960)])), '?import=1')).json()).toEqual({});
    expect(await spansOf((961).toString(16).padStart(32, '0'))).toHaveLength(1);
    await runtime.store.retain();
    expect(await spansOf((961).toString(16).padStart(32, '0'))).toHaveLength(1);
  });
});
