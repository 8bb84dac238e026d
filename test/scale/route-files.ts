/** The routes of app/, from the file system. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const app = resolve(import.meta.dirname, '../../app');

export interface RouteFile {
  /** `/api/jobs/{jobId}` */
  readonly path: string;
  readonly file: string;
  /** Methods that it answers. */
  readonly methods: readonly string[];
}

export const routeFiles = (): readonly RouteFile[] =>
  readdirSync(app, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(^|\/)route\.ts$/.test(file))
    .map((file) => ({
      path: `/${file.replace(/\/route\.ts$/, '').replace(/\[(\w+)\]/g, '{$1}')}`,
      file: join(app, file),
      methods: [
        ...readFileSync(join(app, file), 'utf8').matchAll(/export (?:const|async function|function) ([A-Z]+)\b/g),
      ].map(([, method = '']) => method),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
