/** A state as a shape and a word; the colour only repeats it. */
export type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'quiet';

const SHAPE: Record<Tone, string> = { ok: '●', warn: '▲', bad: '✕', busy: '◐', quiet: '○' };
const COLOUR: Record<Tone, string> = {
  ok: 'var(--ok)',
  warn: 'var(--warn)',
  bad: 'var(--bad)',
  busy: 'var(--accent)',
  quiet: 'var(--muted)',
};

export function StatusPill({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap" style={{ color: COLOUR[tone] }}>
      <span aria-hidden="true" className="text-[10px]">
        {SHAPE[tone]}
      </span>
      {children}
    </span>
  );
}
