/**
 * Pages that the server answers by itself, before anything of the web app may be sent: one card in the middle, plain HTML
 * and styles, in the theme that the reader chose.
 */
import { ownValue } from '../../model/own-value.ts';

export interface PlainPage {
  readonly title: string;
  /** HTML of the card: everything from outside in it is escaped. */
  readonly card: string;
  /** Of the answer's Content-Security-Policy. */
  readonly nonce: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it stands in HTML, in an attribute too. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (found) => ownValue(ENTITIES, found) ?? '');

const STYLE = `:root{color-scheme:dark;--bg:#060b12;--panel:#0b131d;--line:#1d2b3a;--text:#dbe7f3;--muted:#8fa3b8;--bad:#ff7a7a;--accent:#5cc8ff;--edge:#6b8098;--on:#060b12}
:root[data-theme=light]{color-scheme:light;--bg:#eef3f7;--panel:#fff;--line:#d3dde7;--text:#0d1b2a;--muted:#4d6074;--bad:#b3261e;--accent:#00629b;--edge:#6b8098;--on:#fff}
@media(prefers-color-scheme:light){:root:not([data-theme=dark]){color-scheme:light;--bg:#eef3f7;--panel:#fff;--line:#d3dde7;--text:#0d1b2a;--muted:#4d6074;--bad:#b3261e;--accent:#00629b;--edge:#6b8098;--on:#fff}}
body{margin:0;min-height:100dvh;display:grid;place-items:center;font:14px/20px Inter,system-ui,sans-serif;background:var(--bg);color:var(--text)}
.card{box-sizing:border-box;width:min(400px,calc(100vw - 32px));padding:24px;border:1px solid var(--line);border-radius:8px;background:var(--panel)}
.mark{display:flex;align-items:center;gap:8px;margin:0 0 16px;font-weight:600;font-size:15px;color:var(--text)}.mark svg{color:var(--accent)}
h1{margin:0 0 4px;font-size:18px;line-height:26px}p{margin:0 0 16px;color:var(--muted);overflow-wrap:anywhere}.bad{color:var(--bad)}
label{display:block;margin-bottom:4px}input,button,.action{box-sizing:border-box;width:100%;padding:8px 10px;font:inherit;border-radius:4px;border:1px solid var(--edge);background:transparent;color:inherit}
button,.action{display:block;margin-top:12px;text-align:center;text-decoration:none}button{border-color:var(--accent);background:var(--accent);color:var(--on);font-weight:600;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}`;

/** The reader's choice (components/shell/theme.ts), where there is one. */
const THEME = `try{const theme=localStorage.getItem('xray-theme');if(theme)document.documentElement.dataset.theme=theme}catch{}`;

/** Lucide's `activity`, as in the shell. */
const MARK = `<svg width="18" height="18" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M22 12h-2.48a2 2 0 0 0-1.93 1.46l-2.35 8.36a.25.25 0 0 1-.48 0L9.24 2.18a.25.25 0 0 0-.48 0l-2.35 8.36A2 2 0 0 1 4.49 12H2"/></svg>`;

export const plainPage = ({ title, card, nonce }: PlainPage): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex, nofollow">
<title>${escaped(title)} · X-Ray</title><link rel="icon" href="/icon.svg" type="image/svg+xml"><script nonce="${nonce}">${THEME}</script><style nonce="${nonce}">${STYLE}</style></head>
<body><main class="card"><p class="mark">${MARK} X-Ray</p>${card}</main></body></html>`;
