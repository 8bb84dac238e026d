'use client';
/**
 * A link to another page of X-Ray. It is fetched when somebody follows it, not before: Next would ask for every link in
 * sight, hundreds in a table, and a share, which must ask for nothing, would ask too.
 */
import NextLink from 'next/link';
import type { ComponentProps } from 'react';

export const Link = (props: Omit<ComponentProps<typeof NextLink>, 'prefetch'>) => (
  <NextLink {...props} prefetch={false} />
);
