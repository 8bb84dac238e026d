/** What a reader of a guide (lib/contract/connect-guide.ts) would have in the shell. */

/** The exports of a guide as an environment. Lines that are no exports are left out. */
export function environmentOf(guide: string): Readonly<Record<string, string>> {
  const found = [...guide.matchAll(/^export (\w+)=(?:'([^']*)'|(\S*))$/gm)];
  return Object.fromEntries(found.map((match) => [match[1] ?? '', match[2] ?? match[3] ?? '']));
}
