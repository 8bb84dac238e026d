/** The form a browser gets where a token is needed. */
import { returnPath } from '../canonical-path.ts';
import { escaped, plainPage } from '../plain-page.ts';

export interface SignInForm {
  /** Where the reader wanted to go; from outside. */
  readonly path: string;
  /** What became of the token before, as a sentence; null: none was sent. */
  readonly refusal: string | null;
  readonly nonce: string;
}

export function signInPage({ path, refusal, nonce }: SignInForm): string {
  const card = `<h1>Sign in</h1><p>This X-Ray asks for a token: the value of XRAY_AUTH_TOKEN where its server runs.</p>
<form method="post" action="/signin">${refusal === null ? '' : `<p class="bad" role="alert">${escaped(refusal)}</p>`}<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus><input type="hidden" name="path" value="${escaped(returnPath(path))}">
<button>Sign in</button></form>`;
  return plainPage({ title: 'Sign in', card, nonce });
}
