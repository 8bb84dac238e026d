/** `xray open [PAGE]`: prints a page's address, and opens it where there is a desktop. */
import { spawn } from 'node:child_process';
import { didYouMean, UsageError } from './usage-error.ts';
import type { XrayClient } from './xray-client.ts';

export const PAGES = ['clusters', 'jobs', 'traces', 'memory', 'collectives', 'alerts', 'sources'] as const;

/** Path of a page. Throws UsageError, with the page that was probably meant. */
export function pagePath(page: string | undefined): string {
  const wanted = (page ?? 'clusters').replace(/^\/+/, '');
  const [first = ''] = wanted.split(/[/?]/);
  if (wanted === '' || wanted === 'clusters') return '/';
  if (PAGES.some((known) => known === first) || first === 's') return `/${wanted}`;
  const meant = didYouMean(first, PAGES);
  throw new UsageError(
    `there is no page "${first}"${meant ? `: did you mean ${meant}?` : ''}`,
    `pages are ${PAGES.join(', ')}`,
  );
}

function opener(url: string): readonly [string, readonly string[]] | null {
  if (process.platform === 'darwin') return ['open', [url]];
  if (process.platform === 'win32') return ['cmd', ['/c', 'start', '', url]];
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? ['xdg-open', [url]] : null;
}

export async function runOpen(
  client: XrayClient,
  page: string | undefined,
  print: (line: string) => void,
): Promise<number> {
  const url = `${client.url}${pagePath(page)}`;
  await client.health();
  print(url);
  const command = opener(url);
  if (command) {
    const child = spawn(command[0], [...command[1]], { stdio: 'ignore', detached: true });
    // No opener: the address is printed all the same.
    child.on('error', () => undefined);
    child.unref();
  }
  return 0;
}
