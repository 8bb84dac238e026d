'use client';
/** Shares: open one, list them, make one, revoke one. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ShareCreated, type ShareRequestWire, shareRoute, sharesRoute } from '../../lib/contract/shares.ts';
import { type ApiError, send, useApi } from './api-client.ts';

/** Asked once: every time counts as opened. */
export const useShare = (token: string) => useApi(shareRoute, { token }, { refreshMs: false });
export const useShares = () => useApi(sharesRoute, {});

export function useCreateShare() {
  const client = useQueryClient();
  return useMutation<ReturnType<typeof ShareCreated.parse>, ApiError, ShareRequestWire>({
    mutationFn: async (request) => ShareCreated.parse(await send('POST', sharesRoute.path, request)),
    onSettled: () => client.invalidateQueries({ queryKey: ['GET', sharesRoute.path] }),
  });
}

/** By token, or by the id that the list tells. */
export function useRevokeShare() {
  const client = useQueryClient();
  return useMutation<unknown, ApiError, string>({
    mutationFn: (tokenOrId) => send('DELETE', `${sharesRoute.path}/${encodeURIComponent(tokenOrId)}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['GET', sharesRoute.path] }),
  });
}
