/** What a page loads before it is shown: every module that a client component imports as a value, and no package that could wait. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
/** Loaded when a chart is drawn, a dialog opens or a share is made. */
const LATER: ReadonlySet<string> = new Set(['zod', 'echarts', 'radix-ui', 'cmdk']);

/** Specifiers of the imports and re-exports that are there when the module runs: no types, no `import()`. */
function valueImports(file: string, text: string): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  for (const node of source.statements) {
    if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) continue;
    if (node.moduleSpecifier === undefined || !ts.isStringLiteral(node.moduleSpecifier)) continue;
    const clause = ts.isImportDeclaration(node) ? node.importClause : undefined;
    if (ts.isExportDeclaration(node) ? node.isTypeOnly : clause?.isTypeOnly) continue;
    const named = clause?.namedBindings;
    const areTypes =
      named !== undefined && ts.isNamedImports(named) && named.elements.every((element) => element.isTypeOnly);
    if (clause !== undefined && clause.name === undefined && areTypes) continue;
    found.push(node.moduleSpecifier.text);
  }
  return found;
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Chains of modules from a client component to a package that waits: `file -> file -> package`. */
function loadedEarly(entries: readonly string[]): { readonly chains: readonly string[]; readonly modules: number } {
  const chains: string[] = [];
  const from = new Map<string, string | null>(entries.map((entry) => [entry, null]));
  const queue = [...entries];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    for (const specifier of valueImports(file, readFileSync(file, 'utf8'))) {
      if (!specifier.startsWith('.')) {
        if (!LATER.has(packageOf(specifier))) continue;
        const chain = [specifier];
        for (let each: string | null = file; each !== null; each = from.get(each) ?? null)
          chain.unshift(relative(root, each));
        chains.push(chain.join(' -> '));
        continue;
      }
      const target = resolve(dirname(file), specifier);
      if (!/\.(ts|tsx)$/.test(target) || from.has(target)) continue;
      from.set(target, file);
      queue.push(target);
    }
  }
  return { chains, modules: from.size };
}

const sources = ['app', 'components'].flatMap((folder) =>
  readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => resolve(root, folder, path)),
);

it('a page brings no schema library, chart library or dialog before it is shown', () => {
  // A module without 'use client' of its own is reached through one that has it, or runs on the server only.
  const lazy = new Set(
    sources.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\bimport\('(\.[^']+)'\)/g)].map((found) =>
        resolve(dirname(file), found[1] ?? ''),
      ),
    ),
  );
  const entries = sources.filter((file) => !lazy.has(file) && readFileSync(file, 'utf8').startsWith("'use client'"));
  const { chains, modules } = loadedEarly(entries);
  expect(modules).toBeGreaterThan(150);
  expect(chains).toEqual([]);
});

it('types and import() bring nothing', () => {
  const text = [
    "import type { z } from 'zod';",
    "import { type Chart } from 'echarts';",
    "import { type A, b } from './b.ts';",
    "import c, { type D } from './c.ts';",
    "import './side-effect.ts';",
    "export { e } from './e.ts';",
    "export type { F } from './f.ts';",
    "const later = () => import('cmdk');",
  ].join('\n');
  expect(valueImports('page.tsx', text)).toEqual(['./b.ts', './c.ts', './side-effect.ts', './e.ts']);
});
