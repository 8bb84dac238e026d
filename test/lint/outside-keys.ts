/**
 * Look-ups that a key from outside can turn: `table[key]` on an object with a prototype finds `constructor`, `table[key] = value`
 * loses `__proto__`, `key in table` finds both, and zod's records drop `__proto__`. Read with TypeScript's checker: a key is
 * from outside where its type is `string` and not a union of literals.
 */
import { resolve } from 'node:path';
import ts from 'typescript';

/** `file: code` of what was found, in the order of the files. */
export interface OutsideKey {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly why: string;
}

/** True where the type can be any text. */
function isAnyText(type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some(isAnyText);
  if (type.isIntersection()) return type.types.some((one) => (one.flags & ts.TypeFlags.String) !== 0);
  return (type.flags & (ts.TypeFlags.String | ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter)) !==
    0
    ? !(type.flags & ts.TypeFlags.TypeParameter) || isConstrainedToText(type)
    : (type.flags & (ts.TypeFlags.TemplateLiteral | ts.TypeFlags.StringMapping)) !== 0;
}
function isConstrainedToText(type: ts.Type): boolean {
  const constraint = type.getConstraint();
  return constraint === undefined || isAnyText(constraint);
}

/** A program of the files of `root` that `only` takes (paths from `root`), and of `extra` sources by such paths. */
export function openProgram(
  root: string,
  only: (file: string) => boolean,
  extra: ReadonlyMap<string, string> = new Map(),
): ts.Program {
  const config = ts.readConfigFile(resolve(root, 'tsconfig.json'), ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const files = fileNames.map((name) => resolve(name)).filter((name) => only(name.slice(root.length + 1)));
  const all = { ...options, noEmit: true, incremental: false };
  const host = ts.createCompilerHost(all);
  const texts = new Map([...extra].map(([file, text]) => [resolve(root, file), text]));
  const { fileExists, readFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  return ts.createProgram([...files, ...texts.keys()], all, host);
}

/** In the files of `root` that `only` takes. */
export function findOutsideKeys(program: ts.Program, root: string, only: (file: string) => boolean): OutsideKey[] {
  const checker = program.getTypeChecker();
  const found: OutsideKey[] = [];
  for (const source of program.getSourceFiles()) {
    const file = source.fileName.slice(root.length + 1);
    if (source.isDeclarationFile || !source.fileName.startsWith(root) || !only(file)) continue;
    const report = (node: ts.Node, why: string): void => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({ file, line: line + 1, code: node.getText().replaceAll(/\s+/g, ' ').slice(0, 120), why });
    };
    const visit = (node: ts.Node): void => {
      // `delete` touches own values only.
      if (
        ts.isElementAccessExpression(node) &&
        !ts.isDeleteExpression(node.parent) &&
        !ts.isStringLiteralLike(node.argumentExpression)
      ) {
        const key = checker.getTypeAtLocation(node.argumentExpression);
        const object = checker.getNonNullableType(checker.getTypeAtLocation(node.expression));
        if (isAnyText(key) && !checker.isArrayLikeType(object)) report(node, 'element access by any text');
      }
      if (
        ts.isBinaryExpression(node) &&
        node.operatorToken.kind === ts.SyntaxKind.InKeyword &&
        !ts.isStringLiteralLike(node.left)
      ) {
        const key = checker.getTypeAtLocation(node.left);
        if (isAnyText(key)) report(node, '`in` with any text');
      }
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
        const callee = node.expression.getText();
        if (/^z\.(record|partialRecord|looseRecord)$/.test(callee)) report(node, `${callee} drops "__proto__"`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}
