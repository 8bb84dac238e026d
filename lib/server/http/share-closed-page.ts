/** What a link of a share opens when the share is revoked, expired, or never was. */
import { escaped, plainPage } from './plain-page.ts';

/** `detail`: as the API says it (lib/server/shares/shares.ts), without a full stop. */
export function shareClosedPage(status: 404 | 410, detail: string, nonce: string): string {
  const title = status === 410 ? 'This share is closed' : 'There is no such share';
  const sentence = `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
  const card = `<h1>${title}</h1><p>${escaped(sentence)}</p><a class="action" href="/">Open X-Ray</a>`;
  return plainPage({ title, card, nonce });
}
