import { useCallback, useEffect, useRef, useState } from 'react';
import type { ReplyOf } from '#shared/tracking/endpoints.ts';
import { useDesk } from '../frame.tsx';

/** A run as the server tells it. */
export type Run = NonNullable<ReplyOf<'searchRuns'>['runs']>[number];

/** What is searched. */
export interface Search {
  readonly experimentId: string;
  readonly filter: string;
  readonly order: string;
}

/** Runs as far as they are loaded. */
export interface LoadedRuns {
  readonly runs: readonly Run[];
  readonly isLoading: boolean;
  readonly isComplete: boolean;
  readonly fault: unknown;
  /** Load the next page, unless one is on its way. */
  readonly more: () => void;
}

const PAGE = 1000;
const NOTHING_YET: Omit<LoadedRuns, 'more'> = { runs: [], isLoading: true, isComplete: false, fault: null };
/** The runs of a search, page by page as they are asked for. A new search begins anew; an answer to an old one is dropped; a page that failed can be asked for again. */
export function useRuns({ experimentId, filter, order }: Search): LoadedRuns {
  const { api } = useDesk();
  const [state, setState] = useState<Omit<LoadedRuns, 'more'>>(NOTHING_YET);
  /** The read on its way or done last: where it belongs to an earlier search, it is no longer this one. */
  const current = useRef({ isBusy: false, token: undefined as string | undefined });

  const read = useCallback(
    async (at: { isBusy: boolean; token: string | undefined }) => {
      at.isBusy = true;
      setState((s) => ({ ...s, isLoading: true, fault: null }));
      const request = { experiment_ids: [experimentId], filter, order_by: [order], max_results: PAGE, page_token: at.token };
      try {
        const { runs = [], next_page_token: next } = await api.tracking.call('searchRuns', request);
        at.token = next;
        if (current.current === at)
          setState((s) => ({ runs: [...s.runs, ...runs], isLoading: false, isComplete: next === undefined, fault: null }));
      } catch (fault) {
        if (current.current === at) setState((s) => ({ ...s, isLoading: false, fault }));
      } finally {
        at.isBusy = false;
      }
    },
    [api, experimentId, filter, order],
  );

  useEffect(() => {
    current.current = { isBusy: false, token: undefined };
    setState(NOTHING_YET);
    if (experimentId !== '') void read(current.current);
  }, [experimentId, read]);

  const more = useCallback(() => {
    if (!current.current.isBusy) void read(current.current);
  }, [read]);
  return { ...state, more };
}
