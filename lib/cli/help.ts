/** What `--help` says: what each command is for, its options, and examples that work as written. */
import { PAGES } from './open-command.ts';

export const COMMANDS = ['up', 'doctor', 'import', 'open'] as const;
export type Command = (typeof COMMANDS)[number];

const PORT_NOTE =
  'X-Ray is looked for at --xray URL, else $XRAY_URL, else http://127.0.0.1:$PORT (3000).\nWhere it wants a token, set XRAY_AUTH_TOKEN.';

export const GENERAL_HELP = `X-Ray: observability for distributed machine learning.

  xray up                 start X-Ray here (what npm start does)
  xray doctor             look at everything that can be wrong, and say what to do
  xray import PATH...     take files in: Ray events, Ray timelines, OTLP traces, PyTorch profiles
  xray open [PAGE]        open a page in the browser

  xray COMMAND --help     options and examples of one command
  xray --version

From a checkout: npm run -s xray -- COMMAND ...
`;

export const HELP: Record<Command, string> = {
  up: `xray up [--port N] [--host ADDRESS] [--data-dir DIR] [--demo | --no-demo] [--dev]

Installs what is missing, builds when sources changed, and runs X-Ray in the foreground. Ctrl-C ends it cleanly:
what was acknowledged is stored. An option here wins over its environment variable.

  --port N         where X-Ray listens ($PORT, 3000)
  --host ADDRESS   another address than 127.0.0.1 needs XRAY_AUTH_TOKEN ($HOST)
  --data-dir DIR   everything X-Ray stores; one process at a time ($XRAY_DATA_DIR, .xray)
  --demo           with the simulated cluster; --no-demo: never ($XRAY_DEMO)
  --dev            with hot reload

Examples
  xray up
  xray up --port 8080 --data-dir /var/lib/xray --no-demo
  RAY_DASHBOARD_URL=http://127.0.0.1:8265 xray up
`,
  doctor: `xray doctor [--json] [--xray URL] [--data-dir DIR]
xray doctor --store [--check | --repair | --accept | --confirm-clock] [--json] [--xray URL] [--data-dir DIR]

Checks this machine (Node, dependencies, build, data directory, disk, Prometheus, port), the X-Ray that should be
running with every source of its, and a Ray on this machine. Each line that is not ok says what to do.
Exit code 0: nothing fails. 1: something does. 2: the command line was not understood.

  --json           {"ok": false, "checks": [{"id", "state": "ok|warn|fail", "message", "whatToDo"}]}

--store lists what the store has lost: by the X-Ray that runs, else by opening the store. Exit code 0: nothing is open.

  --check          reads every part now and compares checksums
  --repair         takes back what is readable of damaged parts, and puts back definitions of tables
  --accept         acknowledges what is lost: health is ok again, the list keeps it
  --confirm-clock  the clock of this machine is right: retention goes on with it
  --json           {"ok", "losses": [{"id", "table", "part", "cause", "rows", "from", "to", "isOwnTime", "reason",
                   "found", "state"}], "clock": {"retentionTime", "now", "state", "reason"}, "durability"}

${PORT_NOTE}

Examples
  xray doctor
  xray doctor --json | jq '.checks[] | select(.state == "fail")'
`,
  import: `xray import PATH... [--json] [--cluster NAME] [--session NAME] [--job ID] [--xray URL]

Takes files into a running X-Ray. PATH is a file, a directory (everything below it) or - for standard input. What a
file is comes from its content, never from its name; each may be gzip or zstd:

  Ray events       the event export's request bodies or events, one on each line, or one list
  Ray timelines    GET /api/v0/tasks/timeline, and what \`ray timeline\` or ray.timeline() writes
  OTLP traces      JSON (one request, or one on each line) and protobuf (one request, or each after its 4-byte length)
  PyTorch profiles torch.profiler's trace files (kineto); ranks of one run named together become one trace, and with
                   --session NAME also when they are imported one after another; their NCCL, gloo and MPI operations
                   become collectives

Importing the same events or timeline again changes nothing. A bad record is set aside with its position; the rest is
stored. Exit code 0: everything was taken. 1: something was rejected, or nothing was taken of a path, or of a file in a
format that is known. 2: X-Ray is not there, or the line is wrong.

  --json           {"files": [{"path", "kind", "accepted", "ignored", "rejected", "rejects": [{"position", "reason"}],
                   "reason", "notes"}], "accepted", "ignored", "rejected", "nothingTaken": [PATH]}
  --cluster NAME   the cluster that events and timelines belong to
  --session NAME   Ray's session, to merge a timeline into it (default: a session of its own, named by its content)
  --job ID         Ray's job id for spans of a timeline that say none

${PORT_NOTE}

Examples
  xray import events.jsonl.gz --cluster prod
  ray timeline --address auto && xray import /tmp/ray-timeline-*.json
  curl -s http://127.0.0.1:8265/api/v0/tasks/timeline | xray import -
  xray import recordings/ --json | jq .rejected
`,
  open: `xray open [PAGE] [--xray URL]

Prints the address of a page and opens it in the browser, where there is one. PAGE is one of
${PAGES.join(', ')},
or a path below one, like jobs/02000000. Without it: clusters, the first page.

${PORT_NOTE}

Examples
  xray open
  xray open alerts
  xray open jobs/02000000/timeline
`,
};
