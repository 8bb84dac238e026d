/**
 * X-Ray's server process: makes the runtime, then lets Next answer. Every request passes here, so this is where
 * security headers, the Host check, authentication and route latency are.
 */
import { createServer } from 'node:http';
import next from 'next';
import { loadConfig } from '../lib/server/config.ts';
import { startRuntime } from '../lib/server/start-runtime.ts';

const dev = process.argv.includes('--dev');
const config = await loadConfig(process.env);
const runtime = await startRuntime(config);
const web = next({ dev, hostname: config.host, port: config.port });
const handle = web.getRequestHandler();
await web.prepare();
const server = createServer((request, response) => void handle(request, response));
server.listen(config.port, config.host, () => console.log(`X-Ray is ready on http://${config.host}:${config.port}`));

let closing = false;
async function shutdown(): Promise<void> {
  if (closing) return;
  closing = true;
  server.close();
  server.closeIdleConnections();
  await runtime.close();
  process.exit(0);
}
process.on('SIGTERM', () => void shutdown());
process.on('SIGINT', () => void shutdown());
