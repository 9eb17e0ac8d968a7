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

/** The runs of a search, page by page as they are asked for. A new search begins anew; an answer to an old one is dropped. */
export function useRuns(search: Search): LoadedRuns {
  const { api } = useDesk();
  const [state, setState] = useState<Omit<LoadedRuns, 'more'>>({ runs: [], isLoading: true, isComplete: false, fault: null });
  const pages = useRef<AsyncGenerator<ReplyOf<'searchRuns'>> | null>(null);
  const isBusy = useRef(false);

  const read = useCallback(async (generator: AsyncGenerator<ReplyOf<'searchRuns'>>) => {
    isBusy.current = true;
    setState((s) => ({ ...s, isLoading: true, fault: null }));
    try {
      const { value, done } = await generator.next();
      if (pages.current !== generator) return;
      const fresh = done ? [] : (value.runs ?? []);
      const isComplete = Boolean(done) || value?.next_page_token === undefined;
      setState((s) => ({ runs: [...s.runs, ...fresh], isLoading: false, isComplete, fault: null }));
    } catch (fault) {
      if (pages.current === generator) setState((s) => ({ ...s, isLoading: false, isComplete: true, fault }));
    } finally {
      if (pages.current === generator) isBusy.current = false;
    }
  }, []);

  const { experimentId, filter, order } = search;
  useEffect(() => {
    setState({ runs: [], isLoading: true, isComplete: false, fault: null });
    if (experimentId === '') return;
    const generator = api.tracking.pages('searchRuns', {
      experiment_ids: [experimentId],
      filter,
      order_by: [order],
      max_results: PAGE,
    });
    pages.current = generator;
    void read(generator);
  }, [api, experimentId, filter, order, read]);

  const more = useCallback(() => {
    if (!isBusy.current && pages.current) void read(pages.current);
  }, [read]);
  return { ...state, more };
}
