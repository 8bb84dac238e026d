/** What several rooms need is written once: a second copy would answer differently one day. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

interface Rule {
  /** What to use instead, and where it is. */
  readonly instead: string;
  /** The one file, or two of which each holds a part. */
  readonly homes: readonly string[];
  readonly finds: (node: ts.Node) => boolean;
  /** A copy, which the rule must find. */
  readonly copies: readonly string[];
}

const text = (node: ts.Node): string | null =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)
    ? node.text
    : null;
/** `x.length <= 11`: one of the rules of digits, however the others are written; no bound of a loop. */
const comparesLengthWith = (node: ts.Node, counts: readonly string[]): boolean =>
  ts.isBinaryExpression(node) &&
  (ts.isConditionalExpression(node.parent) || ts.isIfStatement(node.parent)) &&
  ts.isPropertyAccessExpression(node.left) &&
  node.left.name.text === 'length' &&
  ts.isNumericLiteral(node.right) &&
  counts.includes(`${node.operatorToken.getText()} ${node.right.text}`);

const RULES: readonly Rule[] = [
  {
    instead: 'errorMessage (lib/model/error-message.ts)',
    homes: ['lib/model/error-message.ts'],
    // e instanceof Error ? e.message : whatever
    finds: (node) =>
      ts.isConditionalExpression(node) &&
      ts.isBinaryExpression(node.condition) &&
      node.condition.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword &&
      node.condition.right.getText() === 'Error' &&
      node.whenTrue.getText() === `${node.condition.left.getText()}.message` &&
      node.whenFalse.getText().includes(node.condition.left.getText()),
    copies: [
      'const a = (error: unknown) => (error instanceof Error ? error.message : String(error));',
      'say(thrown instanceof Error ? thrown.message : thrown);',
    ],
  },
  {
    instead: 'withoutAnsi (lib/model/without-ansi.ts)',
    homes: ['lib/model/without-ansi.ts'],
    finds: (node) => ts.isRegularExpressionLiteral(node) && /\\(?:u001b|u\{1b\}|x1b|033)/i.test(node.text),
    copies: ['const a = /\\u001b\\[[0-9;]*m/g;', 'b.replace(/\\x1B\\[\\d+m/, "");'],
  },
  {
    instead: 'parseUnixTime (lib/model/timestamp.ts)',
    homes: ['lib/model/timestamp.ts'],
    finds: (node) => comparesLengthWith(node, ['<= 11', '< 12', '<= 14', '< 15', '<= 17', '< 18']),
    copies: ['const scale = text.length <= 11 ? 9n : 6n;', 'if (digits.length < 15) unit = "ms";'],
  },
  {
    instead: 'parseRfc3339 (lib/model/timestamp.ts)',
    homes: ['lib/model/timestamp.ts'],
    // A date of groups that are put together again; to ask only whether a text looks like a date is another thing.
    finds: (node) =>
      ts.isRegularExpressionLiteral(node) &&
      /^\/\^?\(.{0,4}\\d\{4\}\)?-\(?\\d(?:\\d|\{2\})\)?-\(?\\d(?:\\d|\{2\})/.test(node.text),
    copies: [
      'const a = /^(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)(?:\\.(\\d{1,9}))?(Z)$/;',
      'b = /^(\\d{4})-(\\d{2})-(\\d{2})/;',
    ],
  },
  {
    instead: 'problemOf, encodedProblem (lib/server/http/problem.ts)',
    homes: ['lib/contract/problem.ts', 'lib/server/http/problem.ts'],
    finds: (node) => /urn:xray:problem:|application\/problem\+json/.test(text(node) ?? ''),
    copies: ['const type = `urn:xray:problem:gone`;', "head({ 'content-type': 'application/problem+json' });"],
  },
];

function found(rules: readonly Rule[], file: string, source: string): readonly string[] {
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const lines: string[] = [];
  const walk = (node: ts.Node): void => {
    for (const rule of rules) {
      if (!rule.finds(node)) continue;
      const { line } = parsed.getLineAndCharacterOfPosition(node.getStart());
      lines.push(`${file}:${line + 1}: use ${rule.instead}`);
    }
    ts.forEachChild(node, walk);
  };
  walk(parsed);
  return lines;
}

it.each(RULES)('finds a copy of $instead', (rule) => {
  for (const copy of rule.copies) expect(found([rule], 'copy.ts', copy), copy).toHaveLength(1);
});

it('app, components and lib hold none', () => {
  const files = ['app', 'components', 'lib'].flatMap((folder) =>
    readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|tsx|mts|mjs)$/.test(path))
      .map((path) => `${folder}/${path}`),
  );
  expect(files.length).toBeGreaterThan(500);
  const copies = files.flatMap((file) => {
    const source = readFileSync(resolve(root, file), 'utf8');
    return found(
      RULES.filter(({ homes }) => !homes.includes(file)),
      file,
      source,
    );
  });
  expect(copies).toEqual([]);
});

it('each is at home where the rule says', () => {
  for (const rule of RULES)
    for (const home of rule.homes)
      expect(found([rule], home, readFileSync(resolve(root, home), 'utf8')), home).not.toEqual([]);
});
