import type { Body, Draft } from '#shared/tracking/event.ts';
import type { Desk } from './desk.ts';

type Kind = 'item.flagged' | 'item.bookmarked' | 'item.noted' | 'item.suspended' | 'item.reported';

/** Something the learner says about a question, whatever its pack becomes. */
export type ItemMark = { readonly [K in Kind]: { readonly kind: K; readonly itemId: string; readonly value: Body<K>['value'] } }[Kind];

/** Write a mark; what is suspended is asked no more, from the next question on. */
export async function markItem(desk: Desk, { kind, itemId, value }: ItemMark): Promise<void> {
  const draft = { kind, body: { item_id: itemId, pack_id: desk.packId, value } } as Draft;
  await desk.write(async () => ({
    drafts: [draft],
    apply({ suspended }) {
      if (kind === 'item.suspended') value ? suspended.add(itemId) : suspended.delete(itemId);
    },
  }));
}
