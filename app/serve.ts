/**
 * X-Ray's server process: makes the runtime, then lets Next answer. Every request passes here, the door
 * (lib/server/http/door.ts) first, inside request telemetry.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import next from 'next';
import { errorMessage } from '../lib/model/error-message.ts';
import { canonicalTarget } from '../lib/server/http/canonical-path.ts';
import { createDirectAnswers } from '../lib/server/http/direct-answers.ts';
import { enter, mayUpgrade } from '../lib/server/http/door.ts';
import { createLimitedServer } from '../lib/server/http/limited-server.ts';
import { answerProblem, INTERNAL } from '../lib/server/http/problem-answer.ts';
import { requestDurations } from '../lib/server/http/request-durations.ts';
import { routeLabel } from '../lib/server/http/route-label.ts';
import { createStaticAssets } from '../lib/server/http/static-assets.ts';
import { earlyRefusal } from '../lib/server/ingest/early-refusal.ts';
import { freePort } from '../lib/server/process/free-port.ts';
import { endWith, keepToOwner } from '../lib/server/process/life-cycle.ts';
import { ConfigError, loadConfig } from '../lib/server/runtime/config.ts';
import { closedShare } from '../lib/server/shares/shares.ts';
import { health } from '../lib/server/sources/health.ts';
import { createDoor } from '../lib/server/start/create-door.ts';
import { startRuntime } from '../lib/server/start/start-runtime.ts';
import { startOwnTraces } from '../lib/server/telemetry/own-traces.ts';
import { expectTimeline } from '../lib/server/tiles/held.ts';

const dev = process.argv.includes('--dev');

/** What keeps X-Ray from starting is said in one sentence, without a stack. */
function refuse(error: unknown): never {
  const text = errorMessage(error);
  const expected = error instanceof ConfigError || (error instanceof Error && 'code' in error);
  process.stderr.write(`X-Ray cannot start: ${expected ? text : error instanceof Error ? error.stack : text}\n`);
  process.exit(1);
}

async function configured() {
  const config = loadConfig(process.env);
  return config.port === 0 ? { ...config, port: await freePort() } : config;
}

keepToOwner();
const config = await configured().catch(refuse);
const runtime = await startRuntime(config).catch(refuse);
// Next would listen for upgrades on the server that it finds and answer them past the door: it gets one that the door alone calls.
const behindDoor = createServer();
const web = next({ dev, hostname: config.host, port: config.port, httpServer: behindDoor });
const handle = web.getRequestHandler();
await web.prepare();
const durations = requestDurations(runtime.telemetry.registry);
const traces = startOwnTraces(config.ownTraces, { port: config.port, version: runtime.version }, runtime.telemetry);
const root = join(import.meta.dirname, '..');
const door = createDoor(config, {
  assets: dev
    ? null
    : createStaticAssets(join(root, process.env.XRAY_NEXT_DIST ?? '.next', 'static'), join(root, 'public')),
  closedShare: (token) => closedShare(runtime, token),
  expectPage: (url) => expectTimeline(runtime, url),
  refuseEarly: (head) => earlyRefusal(runtime.ingest, head),
  direct: createDirectAnswers(new Map([['/api/health', () => health(runtime)]])),
  next: handle,
});

function listener(request: IncomingMessage, response: ServerResponse): void {
  const target = canonicalTarget(request.url ?? '');
  const route = 'status' in target ? 'other' : routeLabel(target.path);
  const method = request.method ?? 'GET';
  const done = durations.start(method, route);
  response.on('close', () => done(response.statusCode));
  traces
    .request(
      method,
      route,
      () => enter(door, request, response, target),
      () => response.statusCode,
    )
    .catch((error: unknown) => {
      runtime.telemetry.log('error', 'request', { method, route, reason: String(error) });
      if (response.headersSent) response.destroy();
      else answerProblem(response, INTERNAL);
    });
}

const server = createLimitedServer(listener, config.limits.connections);
// Without a listener Node treats a request to upgrade as the request that it is otherwise; only Next's reload in development upgrades.
if (dev) {
  server.setTimeout(0);
  // Not web.getUpgradeHandler(): that of Next 16 leaves the socket open and answers nothing. Before its first page Next does not listen.
  server.on('upgrade', (request, socket, head) => {
    if (!mayUpgrade(door, request) || !behindDoor.emit('upgrade', request, socket, head)) socket.destroy();
  });
}
server.on('error', (error: NodeJS.ErrnoException) => {
  const text =
    error.code === 'EADDRINUSE'
      ? `port ${config.port} of ${config.host} is in use: stop what listens there, or set PORT to another`
      : error.message;
  void runtime.close().finally(() => refuse(Object.assign(new Error(text), { code: error.code ?? 'listen' })));
});
server.listen(config.port, config.host, () => console.log(`X-Ray is ready on http://${config.host}:${config.port}`));

endWith(
  async () => {
    server.close();
    server.closeIdleConnections();
    await runtime.close();
    await traces.close().catch(() => undefined);
  },
  (sentence) => process.stderr.write(`${sentence}\n`),
);
