/** What an end-to-end test may switch on, in builds made for tests alone. */
export interface TestSwitches {
  readonly forceWebGpu: boolean;
  readonly plantWorse: boolean;
}

/** Read from localStorage `examsgraph.test`; all off in every other build. */
export function testSwitches(): TestSwitches {
  const off = { forceWebGpu: false, plantWorse: false };
  if (import.meta.env.VITE_EG_TEST !== '1') return off;
  return { ...off, ...(JSON.parse(localStorage.getItem('examsgraph.test') ?? '{}') as Partial<TestSwitches>) };
}
