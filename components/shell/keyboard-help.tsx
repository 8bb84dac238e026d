'use client';
/** Every key, in a dialog. */
import { Dialog } from 'radix-ui';
import { KEY_GROUPS } from './shortcuts.ts';

export function KeyboardHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-30 bg-black/50" />
        <Dialog.Content
          aria-describedby={undefined}
          className="-translate-x-1/2 fixed top-[8vh] left-1/2 z-40 max-h-[84vh] w-[min(680px,calc(100vw-24px))] overflow-y-auto rounded-lg border border-[var(--line)] bg-[var(--panel)] shadow-2xl"
        >
          <div className="flex items-center justify-between border-[var(--line)] border-b px-4 py-3">
            <Dialog.Title className="font-medium text-[14px]">Keys</Dialog.Title>
            <Dialog.Close className="text-[var(--muted)] hover:text-[var(--text)]">Close</Dialog.Close>
          </div>
          <div className="grid gap-x-8 gap-y-5 p-4 sm:grid-cols-2">
            {KEY_GROUPS.map((group) => (
              <section key={group.title} aria-label={group.title}>
                <h2 className="mb-1 text-[12px] text-[var(--muted)]">{group.title}</h2>
                <dl>
                  {group.keys.map(({ keys, does }) => (
                    <div key={does} className="flex items-center justify-between gap-4 py-1">
                      <dt>{does}</dt>
                      <dd className="flex gap-1">
                        {keys.map((key) => (
                          <Key key={key}>{key}</Key>
                        ))}
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

export const Key = ({ children }: { children: string }) => (
  <kbd className="mono whitespace-nowrap rounded border border-[var(--line)] bg-[var(--panel-2)] px-1.5 text-[11px] text-[var(--muted)] leading-5">
    {children}
  </kbd>
);
