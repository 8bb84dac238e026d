/** What stands where no cluster has been heard of: the three ways to connect one, as short as they are. */
import { prometheusGuide, rayDashboardGuide, rayGuide } from '../../lib/contract/connect-guide.ts';
import { Link } from '../ui/link.tsx';

const STEPS = [
  {
    title: 'Ray sends its events',
    text: 'Every task, actor, node and job, kept when the cluster is gone (Ray 2.49 or newer). Set these for the raylets and the drivers:',
    code: rayGuide('http://127.0.0.1:3000'),
  },
  {
    title: 'X-Ray asks Ray',
    text: 'State API and Jobs API of a running cluster, for logs and for what events do not tell:',
    code: rayDashboardGuide(),
  },
  {
    title: 'X-Ray reads your Prometheus',
    text: 'CPU, GPU and memory of every node that Ray measures, and your alerts:',
    code: prometheusGuide(),
  },
] as const;

export function ConnectGuide() {
  return (
    <div className="px-4 py-6">
      <p className="font-medium">No clusters yet</p>
      <p className="mt-1 max-w-prose text-[var(--muted)]">
        A Ray on this machine is found by itself. For any other, one of these is enough; together they tell most.{' '}
        <Link href="/sources">What every source says now</Link>
      </p>
      <ol className="mt-4 grid gap-4 lg:grid-cols-3">
        {STEPS.map((step) => (
          <li key={step.title} className="min-w-0">
            <p className="font-medium">{step.title}</p>
            <p className="text-[var(--muted)]">{step.text}</p>
            <pre
              // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
              tabIndex={0}
              className="mt-2 overflow-x-auto rounded border border-[var(--line)] bg-[var(--panel-2)] p-3"
            >
              {step.code}
            </pre>
          </li>
        ))}
      </ol>
    </div>
  );
}
