import { zipped } from '#client/backup/zip.ts';
import type { ExperimentLog } from '#client/ports/experiment-log.ts';
import type { ModelPrivacy, PulledModel } from '#client/ports/federation-store.ts';
import { FEATURES } from '#models/difficulty/features.ts';
import { LAYERS_MODEL_WEIGHTS, layersModel } from '#models/difficulty/layers-model.ts';
import { onnxModel } from '#models/difficulty/onnx.ts';
import { artifactRoot, csvFiles, EXPORT_README, type ExportedRows, mlrunsFiles, partsOf, runFolders } from '#shared/tracking/mlruns.ts';
import { type ReadRun, readMlruns } from '#shared/tracking/mlruns-read.ts';
import { pointsOf } from '#shared/tracking/rows.ts';
import type { Tutor } from './tutor.ts';

const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);

async function rowsOf(log: ExperimentLog): Promise<ExportedRows> {
  const [experiments, runs, params, tags, steps, model_versions, aliases, answers] = await Promise.all([
    log.list('experiments'),
    log.list('runs'),
    log.list('params'),
    log.list('tags'),
    log.list('metric_steps'),
    log.list('model_versions'),
    log.list('aliases'),
    log.list('answers'),
  ]);
  return { experiments, runs, params, tags, metrics: pointsOf(steps), model_versions, aliases, answers };
}

/** @param privacy what was promised to those whose updates are in the shared model; null for the start weights, which have seen no learner of this app */
const MLMODEL = (label: string, features: number, privacy: ModelPrivacy | null) => `artifact_path: model
flavors:
  onnx:
    data: model.onnx
    onnx_version: 1.16.0
  python_function:
    loader_module: mlflow.onnx
    data: model.onnx
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
  tensorflowjs:
    data: tfjs
metadata:
  personal: true
  base_version: ${JSON.stringify(label)}
  dp_epsilon: ${privacy?.epsilon ?? null}
  dp_delta: ${privacy?.delta ?? null}
  flush: ${privacy?.flush ?? null}
signature:
  inputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, ${features}]}}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 1]}}]'
`;
const REQUIREMENTS = 'onnx\nonnxruntime\nnumpy\n';
const CONDA = 'name: examsgraph\nchannels: [conda-forge]\ndependencies: [python=3.11, pip, {pip: [onnx, onnxruntime, numpy]}]\n';
const PYTHON_ENV = 'python: "3.11"\nbuild_dependencies: [pip]\ndependencies: [-r requirements.txt]\n';

/** The personal model as a folder that MLflow loads: the network that serves, with the learner's offset and feature weights. */
async function modelFolder(tutor: Tutor, serving: PulledModel | undefined): Promise<Record<string, Uint8Array>> {
  const { model, champion } = await tutor.state();
  const { theta, delta } = model.layer.terms.both;
  const weights = champion?.weights ?? tutor.global.weights;
  const tfjs = layersModel(weights, theta, delta);
  const privacy = (serving?.label === tutor.global.label && serving.privacy) || null;
  return {
    'model/MLmodel': bytesOf(MLMODEL(champion?.label ?? tutor.global.label, delta.length, privacy)),
    'model/model.onnx': onnxModel(weights, theta, delta),
    'model/tfjs/model.json': bytesOf(tfjs.json),
    [`model/tfjs/${LAYERS_MODEL_WEIGHTS}`]: tfjs.weights,
    'model/features.json': bytesOf(
      JSON.stringify(
        FEATURES.map(([name, centre, scale]) => ({ name, centre, scale })),
        null,
        2,
      ),
    ),
    'model/requirements.txt': bytesOf(REQUIREMENTS),
    'model/conda.yaml': bytesOf(CONDA),
    'model/python_env.yaml': bytesOf(PYTHON_ENV),
    'model/input_example.json': bytesOf(JSON.stringify({ features: [Array.from({ length: delta.length }, () => 0)] })),
  };
}

const inBytes = (texts: Readonly<Record<string, string>>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, bytesOf(text)]));

/** The runs in MLflow's folders, their artifacts beside them. */
async function foldersOf(log: ExperimentLog, rows: ExportedRows): Promise<Record<string, Uint8Array>> {
  const files = inBytes(mlrunsFiles(rows));
  const runs = new Map(rows.runs.map((run) => [run.run_id, run]));
  for (const { run_id, path, bytes } of await log.artifacts()) {
    const run = runs.get(run_id);
    if (run) files[`${artifactRoot(run)}/${partsOf(path)}`] = bytes;
  }
  return files;
}

/**
 * The whole log as a zip: for MLflow, for a spreadsheet, as events, and the personal model for ONNX and TensorFlow.js. Made on the device; nothing is sent.
 *
 * @param tutor of the pack whose model goes along; null: none does
 */
export async function exportLog(log: ExperimentLog, tutor: Tutor | null): Promise<Uint8Array> {
  const rows = await rowsOf(log);
  const texts = { ...csvFiles(rows), 'log.json': JSON.stringify(await log.events()), 'README.txt': EXPORT_README };
  const model = tutor ? await modelFolder(tutor, await log.federation.value('serving')) : {};
  const { champion } = tutor ? await tutor.state() : { champion: null };
  const run = rows.runs.find((r) => r.run_id === champion?.runId);
  // The registered version's own folder too: MLflow loads it by name and alias.
  const registered = run ? Object.entries(model).map(([path, bytes]) => [`${artifactRoot(run)}/${path}`, bytes] as const) : [];
  const folders = rows.runs.flatMap(runFolders).map((path) => [path, new Uint8Array(0)] as const);
  return zipped({
    ...Object.fromEntries(folders),
    ...(await foldersOf(log, rows)),
    ...Object.fromEntries(registered),
    ...inBytes(texts),
    ...model,
  });
}

/** The log's runs as they are pushed to an MLflow server: those of the exported folders. Empty where no run is yet. */
export async function runsOf(log: ExperimentLog): Promise<readonly ReadRun[]> {
  const rows = await rowsOf(log);
  return rows.runs.some((run) => run.lifecycle_stage === 'active') ? readMlruns(await foldersOf(log, rows)) : [];
}
