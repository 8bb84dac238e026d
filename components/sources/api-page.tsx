/**
 * The HTTP API as it stands in its contracts: every operation with its parameters. Rendered on the server, so that no schema travels to
 * a browser.
 */
import { parametersOf } from '../../lib/contract/openapi/document.ts';
import { OPERATIONS, type Operation } from '../../lib/contract/openapi/operations.ts';
import { Panel } from '../ui/panel.tsx';

const link = 'text-[var(--accent)] underline underline-offset-2';
const GROUPS = Map.groupBy(OPERATIONS, ({ tag }) => tag);
const titleOf = (tag: string): string => tag.charAt(0).toUpperCase() + tag.slice(1);

export function ApiPage() {
  return (
    <>
      <div>
        <h1 className="font-semibold text-[18px]">HTTP API</h1>
        <p className="mt-1 max-w-prose text-[var(--muted)]">
          {OPERATIONS.length} operations. The shapes of what they answer are in{' '}
          <a className={link} href="/api/openapi.json">
            /api/openapi.json
          </a>{' '}
          (OpenAPI 3.1). 64-bit times are decimal text in nanoseconds; errors are RFC 9457 problem details.
        </p>
        <nav aria-label="Groups" className="mt-3 flex flex-wrap gap-x-4 gap-y-1">
          {[...GROUPS.keys()].map((tag) => (
            <a key={tag} className={link} href={`#${tag}`}>
              {titleOf(tag)}
            </a>
          ))}
        </nav>
      </div>
      {[...GROUPS].map(([tag, operations]) => (
        <div key={tag} id={tag} className="scroll-mt-4">
          <Panel title={titleOf(tag)} flush>
            <ul>
              {operations.map((operation) => (
                <Entry key={`${operation.method} ${operation.path}`} operation={operation} />
              ))}
            </ul>
          </Panel>
        </div>
      ))}
    </>
  );
}

function Entry({ operation }: { operation: Operation }) {
  const { method, path, summary } = operation;
  const parameters = parametersOf(operation);
  return (
    <li className="grid gap-x-6 gap-y-2 border-[var(--line)] border-b px-4 py-3 last:border-b-0 lg:grid-cols-2">
      <div className="min-w-0">
        <p className="mono break-all">
          <span className="mr-2 text-[var(--muted)]">{method.toUpperCase()}</span>
          {path}
        </p>
        <p className="mt-1">{summary}</p>
      </div>
      {parameters.length === 0 ? null : (
        <dl className="grid min-w-0 grid-cols-[max-content_1fr] gap-x-4 gap-y-0.5 text-[12px]">
          {parameters.map(({ name, required, schema }) => (
            <div key={name} className="contents">
              <dt className="mono">
                {name}
                {required ? <span className="text-[var(--muted)]"> required</span> : null}
              </dt>
              <dd className="min-w-0 break-words text-[var(--muted)]">{takes(schema)}</dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}

/** What a parameter takes, in one line: `1 to 4000, else 400`. */
function takes(schema: Readonly<Record<string, unknown>>): string {
  const { type, minimum, maximum, description, default: preset } = schema;
  const values = Array.isArray(schema.enum) ? schema.enum.join(', ') : null;
  const range =
    minimum === undefined ? null : `${type === 'integer' ? 'whole number' : 'number'}, ${minimum} to ${maximum}`;
  const what = values ?? range ?? (typeof description === 'string' ? description : 'text');
  return preset === undefined ? what : `${what}; ${String(preset)} if not given`;
}
