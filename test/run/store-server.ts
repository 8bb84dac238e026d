/**
 * The store alone over HTTP, for tests that take its disk away: `POST /` inserts one span, `GET /` looks and answers the store's health
 * and how many spans there are. Prints `ready <port>`; ends on SIGTERM. XRAY_DATA_DIR is where it stores.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { loadConfig } from '../../lib/server/runtime/config.ts';
import { measuredEngine } from '../../lib/server/store/measured-engine.ts';
import { openStore } from '../../lib/server/store/open-store.ts';
import { createQueryLatency } from '../../lib/server/telemetry/query-latency.ts';
import { createTelemetry } from '../../lib/server/telemetry/telemetry.ts';

const telemetry = createTelemetry();
const config = loadConfig({ XRAY_DATA_DIR: process.env.XRAY_DATA_DIR, XRAY_DEMO: '0', XRAY_CONFIG: '/nowhere.yaml' });
const store = await openStore(config, null, telemetry).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
const engine = measuredEngine(store.engine, createQueryLatency(telemetry), telemetry, store.health);
let id = 0;

async function insert(): Promise<object> {
  try {
    const span = { Timestamp: `${BigInt(Date.now()) * 1_000_000n}`, TraceId: 'synthetic', SpanId: `${id++}` };
    await engine.insert('xray.otel_traces', [span]);
    return { stored: true };
  } catch (error) {
    return {
      stored: false,
      ...(error instanceof Error ? { message: error.message, code: Reflect.get(error, 'code') } : {}),
    };
  }
}

async function look(): Promise<object> {
  await store.health.probe(store.engine);
  const rows = {
    name: 'spans',
    sql: 'SELECT count() AS n FROM xray.otel_traces',
    row: z.object({ n: z.coerce.number() }),
  };
  return { ...store.health.health(), spans: (await engine.select(rows))[0]?.n };
}

const server = createServer((request, response) => {
  void (request.method === 'POST' ? insert() : look()).then((answer) => response.end(JSON.stringify(answer)));
});
server.listen(0, '127.0.0.1', () => console.log(`ready ${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void store.close().then(() => process.exit(0));
});
