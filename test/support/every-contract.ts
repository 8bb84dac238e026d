/** Every route of the HTTP API by its contract, found in the file system: a new one is in every test that iterates these. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';

export type Handler = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>;

export interface EveryRoute {
  /** Its export in lib/contract, e.g. `jobsRoute`. */
  readonly name: string;
  readonly path: string;
  readonly query: z.ZodObject;
  /** Names of the parameters in its path. */
  readonly inPath: readonly string[];
  readonly get: Handler;
}

const root = resolve(import.meta.dirname, '../..');
const isContract = (value: unknown): value is { path: string; query: z.ZodObject } =>
  typeof value === 'object' && value !== null && 'path' in value && 'query' in value && 'response' in value;
const fileOf = (path: string): string => join(root, 'app', path.replace(/\{(\w+)\}/g, '[$1]'), 'route.ts');

/** Files of routes below app/api that answer GET. */
export const routeFiles = (): string[] =>
  readdirSync(join(root, 'app/api'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('route.ts'))
    .map((file) => join(root, 'app/api', file));

/** Throws where a contract has no handler. */
export async function everyContract(): Promise<EveryRoute[]> {
  const found: EveryRoute[] = [];
  for (const file of readdirSync(join(root, 'lib/contract'), { recursive: true, encoding: 'utf8' }).filter((each) =>
    each.endsWith('.ts'),
  )) {
    const module = (await import(join(root, 'lib/contract', file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (!isContract(value)) continue;
      if (!existsSync(fileOf(value.path))) throw new Error(`${name} (${value.path}) has no ${fileOf(value.path)}`);
      const { GET } = (await import(fileOf(value.path))) as { GET: Handler };
      const inPath = [...value.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter ?? '');
      found.push({ name, path: value.path, query: value.query, inPath, get: GET });
    }
  }
  return found;
}

/** Route files that no contract names. */
export const filesWithoutContract = (routes: readonly EveryRoute[]): string[] =>
  routeFiles().filter((file) => !routes.some((route) => fileOf(route.path) === file));

/** Asks as Next would: parameters of the path decoded, the others as pairs, in this order, as they are encoded. */
export function askRoute(
  route: EveryRoute,
  inPath: Readonly<Record<string, string>>,
  search: readonly string[],
): Promise<Response> {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent((inPath[name] ?? '').toWellFormed()),
  );
  const query = search.length === 0 ? '' : `?${search.join('&')}`;
  return route.get(new Request(`http://127.0.0.1${path}${query}`), { params: Promise.resolve({ ...inPath }) });
}
