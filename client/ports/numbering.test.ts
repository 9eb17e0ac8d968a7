import { expect, test } from 'vitest';
import { epochMs } from '#shared/domain/time.ts';
import { inClockOrder, numbered } from './numbering.ts';

const day = 86_400_000;
const draft = { kind: 'setting.set', body: { key: 'k', value: 'v' } } as const;

test('a device whose clock is a day ahead does not come after the others once it has heard the server: its events keep its own time', () => {
  const real = 1_700_000_000_000;
  const write = (device: string, at: number, clockLead?: number) =>
    numbered(
      [draft],
      [device],
      { device_id: device, seq: 0, hlc: null },
      { at: epochMs(at), tz: 0, rng: () => 0, ...(clockLead ? { clockLead } : {}) },
    ).events;
  const wrong = write('wrong', real + day, day);
  const later = write('right', real + 1);
  expect(inClockOrder([...later, ...wrong]).map((e) => e.device_id)).toEqual(['wrong', 'right']);
  expect(wrong[0]?.at).toBe(real + day);
});

test('an event that was written before the clock was corrected stays before those after it', () => {
  const at = epochMs(1_700_000_000_000);
  const first = numbered([draft], ['a'], { device_id: 'd', seq: 0, hlc: null }, { at, tz: 0, rng: () => 0 });
  const second = numbered([draft], ['b'], first.head, { at, tz: 0, rng: () => 0, clockLead: day });
  expect(inClockOrder([...second.events, ...first.events]).map((e) => e.id)).toEqual(['a', 'b']);
});
