/**
 * Static files out of memory, text compressed once at the highest level: Next's built scripts, styles and fonts, whose names carry a hash of
 * what is in them, so that a browser keeps them for ever; and the files of public/, kept for a day. What is served without a token is this
 * list of exact paths.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Media type by ending, and whether gzip makes it smaller. Other files (source maps) are not served. */
const TYPES: ReadonlyMap<string, readonly [type: string, isText: boolean]> = new Map([
  ['.js', ['application/javascript; charset=utf-8', true]],
  ['.css', ['text/css; charset=utf-8', true]],
  ['.svg', ['image/svg+xml', true]],
  ['.woff2', ['font/woff2', false]],
  ['.png', ['image/png', false]],
  ['.ico', ['image/x-icon', false]],
]);

/** The icon of app/, which Next serves. */
const ICON = '/icon.svg';

export interface StaticAssets {
  /** True for the canonical path of a file, whoever serves it. */
  readonly has: (path: string) => boolean;
  /** True where the request was for one of the files and has been answered. `path` is canonical. */
  readonly answer: (request: IncomingMessage, response: ServerResponse, path: string) => boolean;
}

interface Asset {
  readonly type: string;
  readonly cacheControl: string;
  readonly plain: Buffer;
  /** null: not yet, or not worth it. */
  zipped: Buffer | null;
}

/**
 * `built`: `static` of Next's build; `published`: public/. Text is answered as it is until it is compressed. Throws where there is no build.
 */
export function createStaticAssets(built: string, published: string): StaticAssets {
  const assets = new Map([
    ...filesOf(built, '/_next/static', 'public, max-age=31536000, immutable'),
    ...filesOf(published, '', 'public, max-age=86400'),
  ]);
  const compress = async (): Promise<void> => {
    for (const asset of assets.values())
      if ([...TYPES.values()].some(([type, isText]) => isText && type === asset.type))
        asset.zipped = await promisify(gzip)(asset.plain, { level: 9 });
  };
  // Without it they are answered as they are.
  compress().catch(() => undefined);
  return {
    has: (path) => path === ICON || assets.has(path),
    answer(request, response, path) {
      const asset = assets.get(path);
      if (asset === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
      const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')) ? asset.zipped : null;
      const body = zipped ?? asset.plain;
      response.writeHead(200, {
        'content-type': asset.type,
        ...(zipped === null ? {} : { 'content-encoding': 'gzip' }),
        'content-length': body.length,
        'cache-control': asset.cacheControl,
        vary: 'accept-encoding',
      });
      response.end(request.method === 'HEAD' ? undefined : body);
      return true;
    },
  };
}

/** Every file below `directory` whose type is known, by the path that it is served at. */
function filesOf(directory: string, prefix: string, cacheControl: string): [path: string, asset: Asset][] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry): [string, Asset][] => {
    const type = TYPES.get(extname(entry.name))?.[0];
    if (!entry.isFile() || type === undefined) return [];
    const file = join(entry.parentPath, entry.name);
    const below = file.slice(directory.length + 1).split(/[\\/]/);
    const path = `${prefix}/${below.map(encodeURIComponent).join('/')}`;
    return [[path, { type, cacheControl, plain: readFileSync(file), zipped: null }]];
  });
}
