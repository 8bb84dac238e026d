'use client';
/**
 * Ctrl or Cmd+K: go to any page, cluster, job or alert, paste the id of a trace, or do what a button does. What it lists
 * is asked for when it opens.
 */
import { Command } from 'cmdk';
import { BellRing, Briefcase, Copy, Keyboard, Server, SunMoon, Waypoints } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { Dialog } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { jobsAddress } from '../../lib/contract/requests/addresses.ts';
import { alertHref, alertSummary } from '../panels/alert-text.tsx';
import { clusterHref } from '../panels/cluster-text.tsx';
import { jobHref } from '../panels/job-status.tsx';
import { useAlerts } from '../queries/alerts.ts';
import { useApi } from '../queries/api-client.ts';
import { useClusters } from '../queries/clusters.ts';
import { Key } from './keyboard-help.tsx';
import { PAGES } from './pages.ts';
import { paletteScore } from './palette-score.ts';
import { toggleTheme } from './theme.ts';

/** W3C trace id, as it stands in logs and in Jaeger: 32 hex digits, sometimes with dashes as a UUID. */
const traceIdIn = (text: string): string | null => {
  const hex = text.trim().replaceAll('-', '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(hex) ? hex : null;
};

export function CommandPalette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const router = useRouter();
  const [typed, setTyped] = useState('');
  const clusters = useClusters();
  const jobs = useApi(jobsAddress, { limit: 200 });
  const alerts = useAlerts(null);
  const traceId = traceIdIn(typed);
  const go = (href: string) => {
    onClose();
    router.push(href);
  };
  const down = [clusters, jobs, alerts].find((query) => query.error && !query.data);
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-30 bg-black/50" />
        <Dialog.Content
          aria-describedby={undefined}
          className="-translate-x-1/2 fixed top-[10vh] left-1/2 z-40 w-[min(640px,calc(100vw-24px))] overflow-hidden rounded-lg border border-[var(--line)] bg-[var(--panel)] shadow-2xl"
        >
          <Dialog.Title className="sr-only">Search, or go anywhere</Dialog.Title>
          <Command label="Search, or go anywhere" loop filter={paletteScore}>
            <Command.Input
              value={typed}
              onValueChange={setTyped}
              placeholder="A page, cluster, job, alert, or the id of a trace"
              className="w-full border-[var(--line)] border-b bg-transparent px-4 py-3 text-[14px] outline-none placeholder:text-[var(--muted)]"
            />
            <Command.List className="max-h-[56vh] overflow-y-auto p-2">
              <Command.Empty className="px-3 py-6 text-center text-[var(--muted)]">No results.</Command.Empty>
              {traceId ? (
                <Group heading="Trace">
                  <Item
                    value={typed}
                    icon={<Waypoints size={15} />}
                    text={`Open trace ${traceId}`}
                    onSelect={() => go(`/traces/${traceId}`)}
                  />
                </Group>
              ) : null}
              <Group heading="Pages">
                {PAGES.map(({ href, title, key, icon: Icon }) => (
                  <Item
                    key={href}
                    value={`page ${title}`}
                    icon={<Icon size={15} />}
                    text={title}
                    keys={['g', key]}
                    onSelect={() => go(href)}
                  />
                ))}
              </Group>
              <Group heading="Clusters">
                {(clusters.data?.clusters ?? []).map((cluster) => (
                  <Item
                    key={cluster.cluster}
                    value={`cluster ${cluster.cluster} ${cluster.owner ?? ''}`}
                    icon={<Server size={15} />}
                    text={cluster.cluster}
                    note={cluster.state}
                    onSelect={() => go(clusterHref(cluster.cluster))}
                  />
                ))}
              </Group>
              <Group heading="Alerts">
                {(alerts.data?.alerts ?? [])
                  .filter((alert) => alert.state !== 'resolved')
                  .slice(0, 100)
                  .map((alert) => (
                    <Item
                      key={alert.fingerprint}
                      value={`alert ${alert.name} ${alertSummary(alert)} ${alert.fingerprint}`}
                      icon={<BellRing size={15} />}
                      text={alert.name}
                      detail={alertSummary(alert)}
                      note={alert.state}
                      onSelect={() => go(alertHref(alert))}
                    />
                  ))}
              </Group>
              <Group heading="Jobs">
                {(jobs.data?.jobs ?? []).map((job) => (
                  <Item
                    key={`${job.session}/${job.jobId}`}
                    value={`job ${job.submissionId ?? ''} ${job.jobId} ${job.entrypoint ?? ''} ${job.cluster} ${job.session}`}
                    icon={<Briefcase size={15} />}
                    text={job.submissionId ?? job.jobId}
                    detail={job.entrypoint ?? job.cluster}
                    note={job.status}
                    onSelect={() => go(jobHref(job))}
                  />
                ))}
              </Group>
              <Group heading="Actions">
                <Item
                  value="action switch theme dark light"
                  icon={<SunMoon size={15} />}
                  text="Switch between dark and light theme"
                  onSelect={() => {
                    toggleTheme();
                    onClose();
                  }}
                />
                <Item
                  value="action copy link address"
                  icon={<Copy size={15} />}
                  text="Copy the link to what is shown"
                  onSelect={() => {
                    void navigator.clipboard?.writeText(window.location.href);
                    onClose();
                  }}
                />
                <Item
                  value="action help keys keyboard shortcuts"
                  icon={<Keyboard size={15} />}
                  text="Show every key"
                  keys={['?']}
                  onSelect={() => {
                    onClose();
                    onHelp();
                  }}
                />
              </Group>
            </Command.List>
          </Command>
          {down ? (
            <p role="status" className="border-[var(--line)] border-t px-4 py-2 text-[12px] text-[var(--warn)]">
              Some of this cannot be listed now: {down.error?.message}
            </p>
          ) : null}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const Group = ({ heading, children }: { heading: string; children: ReactNode }) => (
  <Command.Group
    heading={heading}
    className="[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-[11px] [&_[cmdk-group-heading]]:text-[var(--muted)]"
  >
    {children}
  </Command.Group>
);

function Item({
  value,
  icon,
  text,
  detail,
  note,
  keys,
  onSelect,
}: {
  value: string;
  icon: ReactNode;
  text: string;
  detail?: string;
  note?: string;
  keys?: readonly string[];
  onSelect: () => void;
}) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex cursor-pointer items-center gap-3 rounded px-3 py-2 data-[selected=true]:bg-[var(--panel-2)] data-[selected=true]:shadow-[inset_2px_0_0_var(--accent)]"
    >
      <span aria-hidden="true" className="text-[var(--muted)]">
        {icon}
      </span>
      <span className="min-w-0 flex-1 truncate">
        {text}
        {detail ? <span className="ml-2 text-[12px] text-[var(--muted)]">{detail}</span> : null}
      </span>
      {note ? <span className="text-[12px] text-[var(--muted)]">{note}</span> : null}
      {keys ? (
        <span className="flex gap-1">
          {keys.map((key) => (
            <Key key={key}>{key}</Key>
          ))}
        </span>
      ) : null}
    </Command.Item>
  );
}
