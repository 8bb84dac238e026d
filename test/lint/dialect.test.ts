/** Identifiers use the field's words (lib/GLOSSARY.md), not those that this project once made up for itself. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
/** Each with what stands in its place. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['moment', 'timestamp'],
  ['moments', 'timestamps'],
  ['words', 'message, label or text'],
  ['told', 'reported'],
  ['asked', 'requested'],
  ['wish', 'option'],
  ['wishes', 'options'],
  ['narrow', 'jobRef'],
  ['picks', 'selection'],
  ['picked', 'selected'],
  ['standstill', 'hang'],
  ['heard', 'seen'],
  ['keeper', 'indexer'],
  ['place', 'index, position or location'],
  ['places', 'indexes, positions or locations'],
]);

const parts = (name: string): readonly string[] =>
  (name === name.toUpperCase() ? name : name.replace(/([a-z0-9])([A-Z])/g, '$1_$2')).toLowerCase().split('_');

/** Names that a file declares: of variables, parameters, functions, types and classes. Names of fields may be a contract. */
function declaredNames(file: string, text: string): readonly { readonly name: string; readonly line: number }[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: { name: string; line: number }[] = [];
  const walk = (node: ts.Node): void => {
    const isDeclared =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      (ts.isBindingElement(node) && node.propertyName !== undefined);
    if (isDeclared && node.name !== undefined && ts.isIdentifier(node.name))
      found.push({ name: node.name.text, line: source.getLineAndCharacterOfPosition(node.name.getStart()).line + 1 });
    ts.forEachChild(node, walk);
  };
  walk(source);
  return found;
}

const privateWords = (name: string): readonly string[] => parts(name).filter((part) => INSTEAD.has(part));

it('finds a private word in any spelling', () => {
  const text =
    'const LAST_MOMENT = 1; function wordsOfJob(askedAt: number) {} interface TrackWishes {} const { a: told } = x;';
  expect(declaredNames('a.ts', text).flatMap(({ name }) => privateWords(name))).toEqual([
    'moment',
    'words',
    'asked',
    'wishes',
    'told',
  ]);
});

it('no identifier of app, components or lib is made of one', () => {
  const files = ['app', 'components', 'lib'].flatMap((folder) =>
    readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|tsx)$/.test(path))
      .map((path) => `${folder}/${path}`),
  );
  expect(files.length).toBeGreaterThan(500);
  const wrong = files.flatMap((file) =>
    declaredNames(file, readFileSync(resolve(root, file), 'utf8')).flatMap(({ name, line }) =>
      privateWords(name).map((word) => `${file}:${line} ${name}: ${INSTEAD.get(word)}`),
    ),
  );
  expect(wrong).toEqual([]);
});
