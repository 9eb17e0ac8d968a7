import { type Air, enrolVirtualDevice, type VirtualDevice } from './virtual-device.ts';

/** One learner's device, enrolled when it first comes by. */
export function fleet(air: Air): (learner: number) => Promise<VirtualDevice> {
  const devices = new Map<number, Promise<VirtualDevice>>();
  return (learner) => {
    const known = devices.get(learner) ?? enrolVirtualDevice(air);
    devices.set(learner, known);
    return known;
  };
}

/** Work through items, at most `width` at a time, in order of beginning. */
export async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
    }),
  );
}
