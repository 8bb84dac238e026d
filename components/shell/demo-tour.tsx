'use client';
/**
 * Three incidents of the simulated cluster, to be found with the product alone. A card leads to the alert; the way from there to
 * the cause is shown when somebody asks for it. Below everything else, only beside demo data, gone for ever with one click.
 */
import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import type { ClusterSummaryWire } from '../../lib/contract/clusters.ts';
import { alertsAddress } from '../../lib/contract/requests/addresses.ts';
import { alertHref } from '../panels/alert-text.tsx';
import { askOnce } from '../queries/api-client.ts';
import { useFrozenPage } from '../queries/frozen.tsx';
import { Link } from '../ui/link.tsx';

const KEY = 'xray-tour-dismissed';

interface Step {
  readonly words: string;
  readonly href?: string;
  readonly page?: string;
}
interface Incident {
  readonly question: string;
  readonly symptom: string;
  /** Names of rules: the first that has an alert is opened. */
  readonly alerts: readonly string[];
  /** Where its traces are when no alert is there yet. */
  readonly fallback: string;
  readonly way: readonly Step[];
}

const INCIDENTS: readonly Incident[] = [
  {
    question: 'Who makes every training step longer?',
    symptom: 'Steps take a fifth longer than they did, and AllReduce looks slow on almost every rank.',
    alerts: ['CollectiveRankLate', 'GpuThermalThrottle'],
    fallback: '/collectives',
    way: [
      { words: 'The rank that is late waits least: look for the shortest time inside, not the longest.' },
      {
        words: 'Its name, and since when, is the sentence above the ranks in',
        href: '/collectives',
        page: 'Collectives',
      },
      { words: 'Follow its GPU from there: clock, temperature and the alerts of the same GPU say why.' },
    ],
  },
  {
    question: 'Who really used up the memory?',
    symptom: 'Ray killed a join for memory, and its log names the join.',
    alerts: ['RayOomKill', 'RayNodeMemoryHigh'],
    fallback: '/memory',
    way: [
      { words: 'Ray kills the newest task that it can retry, which need not be the one that grows.' },
      { words: 'Open the kill in', href: '/memory', page: 'Memory' },
      { words: 'Compare what each process held then: the largest was spared.' },
    ],
  },
  {
    question: 'Why is one AllReduce slow when nobody is late?',
    symptom: 'One communicator runs at less than half of its usual bandwidth.',
    alerts: ['AllreduceBandwidthLow'],
    fallback: '/collectives',
    way: [
      { words: 'Even the rank that waits least is slow, so it is the transfer, not the wait.' },
      { words: 'Compare communicators in', href: '/collectives', page: 'Collectives' },
      { words: 'Those inside a node keep their bandwidth: the slow one crosses nodes, and so does its link.' },
      { words: 'Select it: the sentence above names the port that lost lanes, and its host.' },
    ],
  },
];

export function DemoTour({ clusters }: { clusters: readonly ClusterSummaryWire[] }) {
  const isShare = useFrozenPage() !== null;
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => setIsOpen(localStorage.getItem(KEY) !== '1'), []);
  if (isShare || !isOpen || clusters.every(({ demo }) => !demo)) return null;
  return (
    <section aria-labelledby="tour-title" className="rounded-md border border-[var(--line)] bg-[var(--panel)] p-4">
      <header className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
        <h2 id="tour-title" className="font-medium text-[13px]">
          Find it yourself
        </h2>
        <p className="text-[12px] text-[var(--muted)]">Three things are wrong in this simulated cluster.</p>
        <button
          type="button"
          className="ml-auto text-[12px] text-[var(--muted)] hover:text-[var(--text)]"
          onClick={() => {
            localStorage.setItem(KEY, '1');
            setIsOpen(false);
          }}
        >
          Do not show again
        </button>
      </header>
      <ul className="mt-3 grid gap-3 md:grid-cols-3">
        {INCIDENTS.map((incident) => (
          <Card key={incident.question} incident={incident} />
        ))}
      </ul>
    </section>
  );
}

function Card({ incident }: { incident: Incident }) {
  const router = useRouter();
  const [isBusy, setIsBusy] = useState(false);
  const open = async () => {
    setIsBusy(true);
    const alerts = await askOnce(alertsAddress, {}).then(
      (answer) => answer.alerts,
      () => [],
    );
    const alert = incident.alerts
      .map((name) => alerts.find((one) => one.name === name && one.state !== 'resolved'))
      .find((one) => one !== undefined);
    router.push(alert === undefined ? incident.fallback : alertHref(alert));
  };
  return (
    <li className="flex flex-col gap-2 rounded border border-[var(--line)] bg-[var(--panel-2)] p-3">
      <h3 className="font-medium text-[13px]">{incident.question}</h3>
      <p className="text-[12px] text-[var(--muted)]">{incident.symptom}</p>
      <details className="text-[12px]">
        <summary className="w-fit cursor-pointer text-[var(--muted)] hover:text-[var(--text)]">Show me the way</summary>
        <ol className="mt-1 list-decimal space-y-1 pl-5">
          {incident.way.map(({ words, href, page }) => (
            <li key={words}>
              {words}
              {href === undefined ? null : (
                <>
                  {' '}
                  <Link href={href} className="underline">
                    {page}
                  </Link>
                  .
                </>
              )}
            </li>
          ))}
        </ol>
      </details>
      <button
        type="button"
        disabled={isBusy}
        onClick={() => void open()}
        className="mt-auto w-fit rounded border border-[var(--line)] px-2.5 py-1 hover:border-[var(--muted)] disabled:opacity-45"
      >
        Open the alert
      </button>
    </li>
  );
}
