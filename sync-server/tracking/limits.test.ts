import { afterAll, beforeAll, expect, test } from 'vitest';
import { batchesOf } from '#shared/tracking/client.ts';
import { newTestTracking, type TestTracking } from './test-installation.ts';

let t: TestTracking;
beforeAll(async () => {
  t = await newTestTracking({ name: 'limits' });
});
afterAll(() => t.close());

const newRun = async (): Promise<string> => {
  const { experiment_id } = await t.client.call('createExperiment', { name: `limits ${Math.random()}` });
  return (await t.client.call('createRun', { experiment_id })).run.info.run_id;
};

test('params and tags of the greatest length are logged in as many requests as the server takes', async () => {
  const run_id = await newRun();
  // three bytes a character, and an escape here and there
  const params = Array.from({ length: 120 }, (_, i) => ({ key: `p${i}`, value: '값'.repeat(5999 - (i % 3)) }));
  const tags = Array.from({ length: 120 }, (_, i) => ({ key: `t${i}`, value: '\n"'.repeat(3900) }));
  const batches = batchesOf({ params, tags });
  expect(batches.flatMap((b) => b.params ?? [])).toEqual(params);
  expect(batches.flatMap((b) => b.tags ?? [])).toEqual(tags);
  for (const batch of batches) expect(Buffer.byteLength(JSON.stringify({ run_id, ...batch }))).toBeLessThan(1024 * 1024);
  await t.client.log(run_id, { params, tags });
  const { data } = (await t.client.call('getRun', { run_id })).run;
  expect([data.params?.length, data.tags?.filter((tag) => tag.key.startsWith('t')).length]).toEqual([120, 120]);
});

test('a data set may have a profile of many megabytes, and a batch of metrics may not', async () => {
  const run_id = await newRun();
  const dataset = { name: 'answers', digest: 'd', source_type: 'local', source: 's', profile: 'x'.repeat(3_000_000) };
  await t.client.call('logInputs', { run_id, datasets: [{ dataset, tags: [] }] });
  const [input] = (await t.client.call('getRun', { run_id })).run.inputs?.dataset_inputs ?? [];
  expect(input?.dataset.profile).toHaveLength(3_000_000);
  const tags = [{ key: 'k', value: 'x'.repeat(1_100_000) }];
  await expect(t.client.call('logBatch', { run_id, tags })).rejects.toThrow(/at most 1048576 bytes/);
});
