/** The import table of lib/ARCHITECTURE.md, enforced over every module of app, components and lib, and how many files a folder holds. */
import { readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { cruise } from 'dependency-cruiser';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Which rooms (folders), npm packages and node built-ins a room may import, besides itself. */
interface Room {
  readonly folder: string;
  readonly rooms: readonly string[];
  /** Package names; `*` is any. */
  readonly packages: readonly string[];
  readonly node: boolean;
}

/** Of one folder; what is in folders of it does not count. */
const MOST_FILES = 22;

const UI_PACKAGES = [
  'react',
  'react-dom',
  'next',
  'nuqs',
  'radix-ui',
  'cmdk',
  'lucide-react',
  '@tanstack/react-virtual',
  '@tanstack/react-query',
  'zod',
  '@fontsource-variable/inter',
  '@fontsource-variable/jetbrains-mono',
];

const FEATURES = ['alerts', 'clusters', 'collectives', 'jobs', 'memory', 'shares', 'sources', 'timeline', 'traces'];
/** What whatever draws from answers may import. */
const DRAWN = [
  'components/ui',
  'components/charts',
  'components/queries',
  'lib/chart',
  'lib/analysis',
  'lib/contract',
  'lib/model',
];

/** The longest matching folder decides. app/serve.ts is the server process: the one place where Next meets the runtime. */
const TABLE: readonly Room[] = [
  { folder: 'lib/model', rooms: [], packages: [], node: false },
  { folder: 'lib/analysis', rooms: ['lib/model'], packages: [], node: false },
  { folder: 'lib/chart', rooms: ['lib/model'], packages: [], node: false },
  { folder: 'lib/schema', rooms: ['lib/model'], packages: ['zod'], node: false },
  { folder: 'lib/sources', rooms: ['lib/model', 'lib/schema'], packages: ['zod', 'protobufjs', 'undici'], node: true },
  { folder: 'lib/store', rooms: ['lib/model', 'lib/schema'], packages: ['zod', 'chdb'], node: true },
  { folder: 'lib/contract', rooms: ['lib/model', 'lib/schema'], packages: ['zod'], node: false },
  {
    folder: 'lib/server',
    rooms: ['lib/model', 'lib/schema', 'lib/sources', 'lib/store', 'lib/analysis', 'lib/chart', 'lib/contract'],
    packages: [
      'zod',
      'yaml',
      'lru-cache',
      'prom-client',
      '@opentelemetry/api',
      '@opentelemetry/sdk-trace-node',
      '@opentelemetry/exporter-trace-otlp-proto',
      '@opentelemetry/resources',
    ],
    node: true,
  },
  { folder: 'lib/demo', rooms: ['lib/model', 'lib/contract'], packages: ['zod'], node: true },
  { folder: 'lib/cli', rooms: ['lib/model', 'lib/schema', 'lib/contract'], packages: ['zod'], node: true },
  {
    folder: 'app/api',
    rooms: ['lib/server', 'lib/contract', 'lib/schema', 'lib/model'],
    packages: ['zod', 'next'],
    node: false,
  },
  { folder: 'app/v1', rooms: ['app/api', 'lib/server', 'lib/contract', 'lib/model'], packages: ['next'], node: false },
  { folder: 'app/metrics', rooms: ['lib/server'], packages: [], node: false },
  {
    folder: 'app/serve.ts',
    rooms: ['lib/server', 'lib/contract', 'lib/model'],
    packages: ['next', 'prom-client'],
    node: true,
  },
  { folder: 'components/ui', rooms: ['lib/chart'], packages: UI_PACKAGES, node: false },
  {
    folder: 'components/charts',
    rooms: ['components/ui', 'lib/chart', 'lib/model'],
    packages: [...UI_PACKAGES, 'echarts'],
    node: false,
  },
  { folder: 'components/queries', rooms: ['lib/contract', 'lib/model'], packages: UI_PACKAGES, node: false },
  { folder: 'components/panels', rooms: DRAWN, packages: UI_PACKAGES, node: false },
  { folder: 'components/shell', rooms: ['components/panels', ...DRAWN], packages: UI_PACKAGES, node: false },
  // A feature never reaches into another: what several show is a panel.
  ...FEATURES.map((feature) => ({
    folder: `components/${feature}`,
    rooms: ['components/shell', 'components/panels', ...DRAWN],
    packages: UI_PACKAGES,
    node: false,
  })),
  {
    folder: 'app',
    rooms: [
      ...FEATURES.map((feature) => `components/${feature}`),
      'components/shell',
      'components/ui',
      'components/queries',
      'lib/contract',
    ],
    packages: UI_PACKAGES,
    node: false,
  },
];

const roomOf = (path: string): Room | undefined =>
  [...TABLE]
    .sort((a, b) => b.folder.length - a.folder.length)
    .find((room) => path === room.folder || path.startsWith(`${room.folder}/`));

function packageOf(path: string): string {
  const parts = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length).split('/');
  return parts[0]?.startsWith('@') ? `${parts[0]}/${parts[1]}` : (parts[0] ?? '');
}

const sources = (folder: string): string[] =>
  readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|tsx|mjs)$/.test(path))
    .map((path) => `${folder}/${path}`);

describe('import table', async () => {
  const files = ['app', 'components', 'lib'].flatMap(sources);
  const result = await cruise(['app', 'components', 'lib'], {
    baseDir: root,
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mjs', '.js'] },
  });
  if (typeof result.output === 'string') throw new Error('expected the modules as objects');
  const modules = result.output.modules.filter((module) => files.includes(module.source));

  it('saw every module that exists', () => {
    expect(files.length).toBeGreaterThan(60);
    expect(files.filter((file) => !modules.some((module) => module.source === file))).toEqual([]);
  });

  it('every module stands in a room', () => {
    expect(files.filter((file) => !roomOf(file))).toEqual([]);
  });

  it('imports go down the table only', () => {
    const wrong: string[] = [];
    for (const module of modules) {
      const room = roomOf(module.source);
      if (!room) continue;
      for (const dependency of module.dependencies) {
        const { resolved } = dependency;
        const target = roomOf(resolved);
        if (dependency.coreModule) {
          if (!room.node) wrong.push(`${module.source} -> node:${dependency.module}`);
        } else if (resolved.includes('node_modules/') || dependency.couldNotResolve) {
          const name = resolved.includes('node_modules/')
            ? packageOf(resolved)
            : dependency.module
                .split('/')
                .slice(0, dependency.module.startsWith('@') ? 2 : 1)
                .join('/');
          if (!room.packages.includes(name.replace(/^@types\//, ''))) wrong.push(`${module.source} -> ${name}`);
        } else if (target && target !== room && !room.rooms.includes(target.folder))
          wrong.push(`${module.source} -> ${resolved}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('nothing imports in a circle', () => {
    expect(
      modules.flatMap((module) =>
        module.dependencies
          .filter((dependency) => dependency.circular)
          .map((dependency) => `${module.source} -> ${dependency.resolved}`),
      ),
    ).toEqual([]);
  });

  it('no two folders import each other, but a folder and one inside it', () => {
    const pairs = new Set<string>();
    for (const { source, dependencies } of modules)
      for (const { resolved } of dependencies)
        if (files.includes(resolved) && dirname(source) !== dirname(resolved))
          pairs.add(`${dirname(source)} -> ${dirname(resolved)}`);
    const isInside = (folder: string, other: string): boolean => folder.startsWith(`${other}/`);
    const both = [...pairs].filter((pair) => {
      const [from = '', to = ''] = pair.split(' -> ');
      return !isInside(from, to) && !isInside(to, from) && pairs.has(`${to} -> ${from}`);
    });
    expect(pairs.size).toBeGreaterThan(100);
    expect(both).toEqual([]);
  });

  it('no folder holds more than about twenty files of its own', () => {
    const counts = new Map<string, number>();
    for (const file of [...files, ...sources('test').filter((path) => !path.startsWith('test/fixtures/'))])
      counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
  });
});
