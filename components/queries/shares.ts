'use client';
/** Shares: open one, list them, make one, revoke one. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { shareAddress, sharesAddress } from '../../lib/contract/requests/addresses.ts';
import type { ShareCreatedWire, ShareRequestWire } from '../../lib/contract/shares.ts';
import { ApiError, NO_ANSWER, send, useApi } from './api-client.ts';

/** Asked once: every time counts as opened. */
export const useShare = (token: string) => useApi(shareAddress, { token }, { refreshMs: false });
export const useShares = () => useApi(sharesAddress, {});

/** The schema is loaded first: no page needs it to be shown, and without it nothing is made. */
async function createShare(request: ShareRequestWire): Promise<ShareCreatedWire> {
  const { ShareCreated } = await import('../../lib/contract/shares.ts').catch(() => {
    throw new ApiError(NO_ANSWER);
  });
  return ShareCreated.parse(await send('POST', sharesAddress.path, request));
}

export function useCreateShare() {
  const client = useQueryClient();
  return useMutation<ShareCreatedWire, ApiError, ShareRequestWire>({
    mutationFn: createShare,
    onSettled: () => client.invalidateQueries({ queryKey: ['GET', sharesAddress.path] }),
  });
}

/** By token, or by the id that the list tells. */
export function useRevokeShare() {
  const client = useQueryClient();
  return useMutation<unknown, ApiError, string>({
    mutationFn: (tokenOrId) => send('DELETE', `${sharesAddress.path}/${encodeURIComponent(tokenOrId)}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['GET', sharesAddress.path] }),
  });
}
