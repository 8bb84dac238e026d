/** What several rooms need is written once: a second copy would answer differently one day. */
import ts from 'typescript';
import { expect, it } from 'vitest';
import { literalText, productFiles, textOfFile, walkSyntax } from './syntax.ts';

interface Rule {
  /** What to use instead, and where it is. */
  readonly instead: string;
  /** The one file, or two of which each holds a part. */
  readonly homes: readonly string[];
  readonly finds: (node: ts.Node) => boolean;
  /** A copy, which the rule must find. */
  readonly copies: readonly string[];
}

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
    finds: (node) => /urn:xray:problem:|application\/problem\+json/.test(literalText(node) ?? ''),
    copies: ['const type = `urn:xray:problem:gone`;', "head({ 'content-type': 'application/problem+json' });"],
  },
];

function found(rules: readonly Rule[], file: string, source: string): readonly string[] {
  const lines: string[] = [];
  walkSyntax(file, source, (node, line) => {
    for (const rule of rules) if (rule.finds(node)) lines.push(`${file}:${line}: use ${rule.instead}`);
  });
  return lines;
}

it.each(RULES)('finds a copy of $instead', (rule) => {
  for (const copy of rule.copies) expect(found([rule], 'copy.ts', copy), copy).toHaveLength(1);
});

it('app, components and lib hold none', () => {
  const copies = productFiles().flatMap((file) =>
    found(
      RULES.filter(({ homes }) => !homes.includes(file)),
      file,
      textOfFile(file),
    ),
  );
  expect(copies).toEqual([]);
});

it('each is at home where the rule says', () => {
  for (const rule of RULES)
    for (const home of rule.homes) expect(found([rule], home, textOfFile(home)), home).not.toEqual([]);
});
