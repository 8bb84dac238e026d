/**
 * Next's built scripts and styles out of memory, compressed once at the highest level. Their names carry a hash of what is
 * in them, so that a browser keeps them for ever.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'application/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export interface StaticAssets {
  /** True where the request was for one of the files and has been answered. */
  readonly answer: (request: IncomingMessage, response: ServerResponse, path: string) => boolean;
}

/** `directory`: `static` of Next's build. Files are answered from here once they are compressed, by Next until then. */
export function createStaticAssets(directory: string): StaticAssets {
  const kept = new Map<string, { readonly type: string; readonly body: Buffer }>();
  const keep = async (): Promise<void> => {
    const compress = promisify(gzip);
    for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const type = TYPES[extname(file)];
      if (type === undefined) continue;
      const body = await compress(readFileSync(join(directory, file)), { level: 9 });
      kept.set(`/_next/static/${file.split('\\').join('/')}`, { type, body });
    }
  };
  // Without them Next answers, as it does for every other file.
  keep().catch(() => kept.clear());
  return {
    answer(request, response, path) {
      const found = kept.get(path);
      if (found === undefined || request.method !== 'GET') return false;
      if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return false;
      response.writeHead(200, {
        'content-type': found.type,
        'content-encoding': 'gzip',
        'content-length': found.body.length,
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding',
      });
      response.end(found.body);
      return true;
    },
  };
}
