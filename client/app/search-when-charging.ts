import { type LearnerPorts, readSettings } from '#client/tutor/learner-ports.tsx';

interface Battery extends EventTarget {
  readonly charging: boolean;
}

const REST_MS = 30_000;

/**
 * Once a day, while the device charges and nobody has touched it for half a minute: search the layer's settings. Any touch stops it, and so
 * does unplugging. Where the
 * browser tells nothing of the battery it is never started but by its button.
 */
export function searchWhenCharging(ports: LearnerPorts): void {
  const { getBattery } = navigator as { readonly getBattery?: () => Promise<Battery> };
  if (!getBattery) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let control: AbortController | null = null;
  const search = async () => {
    const { packId } = await readSettings(ports.log);
    const tutor = packId ? await ports.tutorFor(packId) : null;
    const isCharging = (await getBattery.call(navigator)).charging;
    if (!tutor || !isCharging || ports.training.current().kind === 'running' || !(await tutor.isSearchDue())) return;
    control = new AbortController();
    await ports.training.search(tutor, () => undefined, control.signal);
  };
  const rest = () => {
    control?.abort();
    clearTimeout(timer);
    // Failing is no harm: what is in use stays.
    timer = setTimeout(() => void search().catch(() => undefined), REST_MS);
  };
  for (const touch of ['pointerdown', 'keydown', 'visibilitychange']) addEventListener(touch, rest, { passive: true, capture: true });
  // Failing is no harm: then it is looked at after the next touch.
  void getBattery.call(navigator).then(
    (battery) => battery.addEventListener('chargingchange', rest),
    () => undefined,
  );
  rest();
}
