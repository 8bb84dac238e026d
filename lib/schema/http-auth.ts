/** Credentials for a source over HTTP, and the headers that they make. */

export interface HttpAuth {
  readonly bearerToken: string | null;
  readonly basic: { readonly user: string; readonly password: string } | null;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM file of a private certificate authority. */
  readonly caFile: string | null;
}

/** A bearer token goes before a password (RFC 6750, RFC 7617). */
export function authHeaders({ bearerToken, basic, headers }: HttpAuth): Record<string, string> {
  if (bearerToken) return { ...headers, authorization: `Bearer ${bearerToken}` };
  if (basic)
    return { ...headers, authorization: `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}` };
  return { ...headers };
}
