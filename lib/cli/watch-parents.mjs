/**
 * Ends this process's work when whoever started it has gone, however that ended (kill -9 tells nobody). npm puts a shell
 * between itself and its script, so the chain is watched up to npm.
 *
 *   npm start -> sh -c -> start.mjs -> serve.ts
 */
import { readFileSync } from 'node:fs';

const EVERY_MS = 1000;

/** Name, parent and start time of a process; null where it is gone, or there is no /proc. */
function look(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = stat.lastIndexOf(')');
    const fields = stat.slice(end + 2).split(' ');
    if (fields[0] === 'Z') return null;
    return { pid, name: stat.slice(stat.indexOf('(') + 1, end), parent: Number(fields[1]), started: fields[19] };
  } catch {
    return null;
  }
}

/** The parent, and above a shell of npm's the npm that it is of. */
function ancestors() {
  const parent = look(process.ppid);
  if (parent === null) return [];
  if (!process.env.npm_lifecycle_event || !/^(?:sh|dash|bash|ash|zsh)$/.test(parent.name)) return [parent];
  const above = look(parent.parent);
  return above !== null && /^(?:npm|node)/.test(above.name) ? [parent, above] : [parent];
}

/** Calls `gone` once. A process that was an orphan from the start (setsid, a container's first) is watched by nobody. */
export function watchParents(gone) {
  if (process.ppid <= 1) return;
  const first = process.ppid;
  const watched = ancestors();
  const timer = setInterval(() => {
    const isGone = process.ppid !== first || watched.some(({ pid, started }) => look(pid)?.started !== started);
    if (!isGone) return;
    clearInterval(timer);
    gone();
  }, EVERY_MS);
  timer.unref();
}
