/** The product's own files, and the nodes of their syntax, for rules that Biome does not know. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');

/** Of app, components and lib, as paths from the root. Throws where there are too few to have found them all. */
export function productFiles(): readonly string[] {
  const files = ['app', 'components', 'lib'].flatMap((folder) =>
    readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|tsx|mts|mjs)$/.test(path))
      .map((path) => `${folder}/${path}`),
  );
  if (files.length < 500) throw new Error(`only ${files.length} files of the product were found`);
  return files;
}

export const textOfFile = (file: string): string => readFileSync(resolve(root, file), 'utf8');

/** Calls `look` with every node and its line, from 1. */
export function walkSyntax(file: string, text: string, look: (node: ts.Node, line: number) => void): void {
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const walk = (node: ts.Node): void => {
    look(node, parsed.getLineAndCharacterOfPosition(node.getStart()).line + 1);
    ts.forEachChild(node, walk);
  };
  walk(parsed);
}

/** What stands in text: of a string, a piece of a template, JSX or a regular expression; null for other nodes, and so for comments. */
export const literalText = (node: ts.Node): string | null =>
  ts.isStringLiteralLike(node) ||
  ts.isTemplateHead(node) ||
  ts.isTemplateMiddle(node) ||
  ts.isTemplateTail(node) ||
  ts.isJsxText(node) ||
  ts.isRegularExpressionLiteral(node)
    ? node.text
    : null;
