import { Shell } from '../components/shell/shell.tsx';
import { Link } from '../components/ui/link.tsx';
import { EmptyState } from '../components/ui/states.tsx';

export default function NotFound() {
  return (
    <Shell>
      <h1 className="font-semibold text-lg">No such page</h1>
      <EmptyState title="Nothing lives at this address">
        <Link href="/">All clusters</Link>
      </EmptyState>
    </Shell>
  );
}
