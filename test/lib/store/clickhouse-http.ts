/**
 * A peer for tests of lib/store/remote/remote.ts: ClickHouse's HTTP interface over a chdb in a process of its own. Settings and
 * parameters are given to the engine as text (SET), so that it is ClickHouse's own parser that reads what remote.ts
 * writes. Prints `ready <port>`; the directory is argv[2]. Left out: users, compression, sessions, TLS, progress headers.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { errorMessage } from '../../../lib/model/error-message.ts';

interface Session {
  queryAsync(sql: string, options?: { format?: string }): Promise<{ bytes(): Uint8Array }>;
  insert(params: { table: string; values: Buffer; format: string; settings: Record<string, string> }): Promise<unknown>;
  close(): void;
}
const { Session } = createRequire(import.meta.url)('chdb') as { Session: new (path: string) => Session };
const directory = process.argv[2];
if (!directory) throw new Error('give a directory');
// Kept open: the last connection to close would close the store.
const control = new Session(directory);
await control.queryAsync('SELECT 1');

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
let requests = 0;

async function run(url: URL, body: Buffer, mark: string): Promise<Uint8Array | string> {
  const session = new Session(directory ?? '');
  try {
    const settings: Record<string, string> = {};
    for (const [name, value] of url.searchParams) {
      if (name.startsWith('param_')) await session.queryAsync(`SET ${name} = ${quoted(value)}`);
      else if (name !== 'query' && name !== 'default_format') settings[name] = value;
    }
    const given = url.searchParams.get('query') ?? '';
    const insert = /^INSERT INTO (\S+) FORMAT (JSONEachRow)$/.exec(given);
    if (insert?.[1] && insert[2]) {
      await session.insert({ table: insert[1], values: body, format: insert[2], settings });
      return '';
    }
    const { wait_end_of_query: _wait, cancel_http_readonly_queries_on_client_close: _cancel, ...rest } = settings;
    for (const [name, value] of Object.entries(rest)) await session.queryAsync(`SET ${name} = ${quoted(value)}`);
    const format = url.searchParams.get('default_format') ?? 'TabSeparated';
    return (await session.queryAsync(`/* ${mark} */ ${given}${body.toString()}`, { format })).bytes();
  } finally {
    session.close();
  }
}

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const url = new URL(message.url ?? '/', 'http://127.0.0.1');
  const mark = `peer ${requests++} `;
  response.on('close', () => {
    if (!response.writableFinished && url.searchParams.get('cancel_http_readonly_queries_on_client_close') === '1')
      void control.queryAsync(`KILL QUERY WHERE query LIKE '/* ${mark}%' ASYNC`);
  });
  try {
    response.end(await run(url, Buffer.concat(chunks), mark));
  } catch (error) {
    const words = errorMessage(error);
    response.writeHead(500, { 'x-clickhouse-exception-code': /Code: (\d+)/.exec(words)?.[1] ?? '0' });
    response.end(words);
  }
}

const server = createServer((message, response) => void answer(message, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) console.log(`ready ${address.port}`);
});
