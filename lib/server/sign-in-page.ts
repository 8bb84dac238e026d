/** The form a browser gets where a token is needed: plain HTML, because nothing else is served before it. */

/** `path` is where the reader wanted to go. */
export function signInPage(path: string, wrong: boolean): string {
  const safe = /^\/(?!\/)[\w\-/.~%?=&:+]*$/.test(path) ? path.replaceAll('&', '&amp;') : '/';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Sign in · X-Ray</title><style>
:root{color-scheme:dark light}body{margin:0;min-height:100vh;display:grid;place-items:center;font:14px/20px system-ui;background:light-dark(#eef3f7,#060b12);color:light-dark(#0d1b2a,#dbe7f3)}
form{width:min(360px,88vw);padding:24px;border:1px solid light-dark(#d3dde7,#1d2b3a);border-radius:8px;background:light-dark(#fff,#0b131d)}
h1{margin:0 0 4px;font-size:18px}p{margin:0 0 16px;color:light-dark(#4d6074,#8fa3b8)}.bad{color:light-dark(#b3261e,#ff7a7a)}
label{display:block;margin-bottom:4px}input,button{box-sizing:border-box;width:100%;padding:8px 10px;font:inherit;border-radius:4px;border:1px solid light-dark(#8094a8,#3a4d61);background:transparent;color:inherit}
button{margin-top:12px;border:0;background:light-dark(#00629b,#5cc8ff);color:light-dark(#fff,#060b12);font-weight:600;cursor:pointer}
</style><main><form method="post" action="/signin"><h1>X-Ray</h1><p>This X-Ray asks for a token (XRAY_AUTH_TOKEN of its server).</p>
${wrong ? '<p class="bad" role="alert">That is not the token.</p>' : ''}<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus><input type="hidden" name="path" value="${safe}">
<button>Sign in</button></form></main></html>`;
}
