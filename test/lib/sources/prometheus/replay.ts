/** Serves recorded bodies over real HTTP on loopback. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

export const NO_AUTH = { bearerToken: null, basic: null, headers: {}, caFile: null };
export interface Served {
  readonly status?: number;
  readonly file: string;
}

export async function replay(folder: string, choose: (path: string, body: string) => Served | null) {
  const requested: { path: string; body: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const path = request.url ?? '';
      requested.push({ path, body, authorization: request.headers.authorization });
      const served = choose(path, body);
      response.writeHead(served ? (served.status ?? 200) : 404, { 'content-type': 'application/json' });
      response.end(
        served
          ? readFileSync(new URL(`../../../fixtures/${folder}/${served.file}`, import.meta.url))
          : '404 page not found',
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, asked: requested, close: () => server.close() };
}
