/** Records as the stores take them, with everything that a test does not care about filled in. */

import type { Protocol } from '../../../src/base/evaluation.ts'
import { newId } from '../../../src/base/ids.ts'
import type { ApiKey } from '../../../src/domain/access.ts'
import type { Checkpoint } from '../../../src/domain/checkpoint.ts'
import type { Dataset, DatasetVersion, Upload } from '../../../src/domain/dataset.ts'
import type { Evaluation, EvaluationResult } from '../../../src/domain/evaluation.ts'
import type { FittedComponent, NewModel, Prototype } from '../../../src/domain/model.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Stores } from '../../../src/domain/stores.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'

export const NOW = new Date('2026-03-01T12:00:00.123Z')
export const later = (ms: number): Date => new Date(NOW.getTime() + ms)

const recipe = resolveRecipe({ method: 'dino-vmf', preset: 'vit-small-16' })

export const aKey = (projectId: string, more: Partial<ApiKey> = {}): ApiKey => ({
  id: newId('key'),
  projectId,
  name: 'laptop',
  scopes: ['runs:read', 'runs:write'],
  secretHash: 'hash',
  createdAt: NOW,
  expiresAt: null,
  lastUsedAt: null,
  revokedAt: null,
  ...more
})

export const aDataset = (projectId: string, more: Partial<Dataset> = {}): Dataset => ({
  id: newId('dataset'),
  projectId,
  name: 'shoes',
  metadata: { team: 'x' },
  latestVersion: null,
  createdAt: NOW,
  ...more
})

export const aVersion = (dataset: Dataset): Omit<DatasetVersion, 'version' | 'prefix'> => ({
  datasetId: dataset.id,
  projectId: dataset.projectId,
  status: 'queued',
  source: { type: 's3', prefix: 'bucket/images/' },
  images: 0,
  bytes: 0,
  rejected: 0,
  duplicates: 0,
  classes: null,
  contentHash: null,
  sizes: {},
  report: null,
  progress: { images: 0, rejected: 0 },
  error: null,
  createdAt: NOW,
  readyAt: null
})

export const anUpload = (dataset: Dataset): Upload => ({
  id: newId('upload'),
  projectId: dataset.projectId,
  datasetId: dataset.id,
  filename: 'shoes.zip',
  bytes: 5_000_000_000,
  status: 'pending',
  objectKey: 'uploads/up/shoes.zip',
  multipartId: 'm1',
  partBytes: 8_388_608,
  createdAt: NOW,
  expiresAt: later(3600_000)
})

export const aRun = (dataset: Dataset, more: Partial<Run> = {}): Run => ({
  id: newId('run'),
  projectId: dataset.projectId,
  sweepId: null,
  trial: null,
  name: null,
  datasetId: dataset.id,
  datasetVersion: 1,
  recipe,
  init: null,
  forkedFrom: null,
  extensions: [],
  compute: { device: 'any', devices: 1, maxRuntimeS: 3600, priority: 0 },
  checkpoint: { everyS: 900, keepLast: 3 },
  alarms: [{ rule: 'collapse', action: 'pause' }],
  metadata: {},
  status: 'queued',
  statusReason: 'waiting_for_worker',
  desired: 'run',
  leaseEpoch: 0,
  leaseWorker: null,
  leaseExpiresAt: null,
  leg: 0,
  attempt: 0,
  engine: null,
  progress: { step: 0, totalSteps: 100, epoch: 0, percent: 0, imagesSeen: 0 },
  imagesPerSecond: null,
  etaS: null,
  latestCheckpointId: null,
  recipeReasons: [],
  modelId: null,
  evaluation: null,
  error: null,
  failures: [],
  lastAlarm: null,
  archived: false,
  traceparent: null,
  createdAt: NOW,
  startedAt: null,
  resumedAt: null,
  finishedAt: null,
  ...more
})

export const aCheckpoint = (run: Run, step: number, more: Partial<Checkpoint> = {}): Checkpoint => ({
  id: newId('checkpoint'),
  projectId: run.projectId,
  runId: run.id,
  step,
  epoch: 1,
  leaseEpoch: 1,
  prefix: `runs/${run.id}/e1/s${step}`,
  files: [{ name: 'state.safetensors', bytes: 6_000_000_000, sha256: 'abc' }],
  bytes: 6_000_000_000,
  stateHash: 'def',
  status: 'complete',
  keep: false,
  metrics: { loss: 1.5 },
  createdAt: NOW,
  ...more
})

export const aModel = (run: Run, more: Partial<NewModel> = {}): NewModel => ({
  id: newId('model'),
  projectId: run.projectId,
  name: null,
  runId: run.id,
  checkpointId: null,
  importedFrom: null,
  metadata: {},
  step: 100,
  status: 'exporting',
  config: null,
  prefix: 'models/mdl',
  files: [],
  verification: null,
  mixture: null,
  error: null,
  createdAt: NOW,
  readyAt: null,
  ...more
})

export const aPrototype = (modelId: string, index: number, more: Partial<Prototype> = {}): Prototype => ({
  modelId,
  index,
  kappa: 10 + index,
  logNormalizer: -12.5,
  usage: index,
  meanProbability: 0.01,
  nearest: [{ prototype: 0, cosine: 0.25 }],
  duplicatesOf: null,
  fitted: null,
  ...more
})

export const aFittedComponent = (more: Partial<FittedComponent> = {}): FittedComponent => ({
  weight: 0.25,
  kappa: 400,
  kappaInterval: [350, 440],
  resultantLength: 0.95,
  usage: 12,
  meanCosine: 0.94,
  angleDegrees: { p5: 8, p50: 20, p95: 31 },
  ...more
})

/** A project of its own with a dataset that has one version. */
export async function aProjectWithDataset(stores: Stores): Promise<{ projectId: string; dataset: Dataset }> {
  const { id: projectId } = await stores.keys.ensureProject(`project ${newId('request')}`)
  const dataset = aDataset(projectId)
  await stores.datasets.insert(dataset)
  await stores.datasets.insertVersion(aVersion(dataset), (version) => `datasets/${dataset.id}/v${version}`)
  return { projectId, dataset }
}

export async function aStoredRun(stores: Stores, more: Partial<Run> = {}): Promise<Run> {
  const { dataset } = await aProjectWithDataset(stores)
  const run = aRun(dataset, more)
  await stores.runs.insert(run)
  return run
}

export async function aStoredModel(stores: Stores): Promise<{ run: Run; model: NewModel }> {
  const run = await aStoredRun(stores)
  const model = aModel(run)
  await stores.models.insert(model)
  return { run, model }
}

/** Of a model, on the dataset of a run. */
export const anEvaluation = (run: Run, modelId: string, more: Partial<Evaluation> = {}): Evaluation => ({
  id: newId('evaluation'),
  projectId: run.projectId,
  name: null,
  modelId,
  checkpointId: null,
  against: null,
  others: null,
  step: 10,
  runId: null,
  bank: { datasetId: run.datasetId, version: run.datasetVersion },
  queries: null,
  protocols: null,
  settings: { k: [10], seed: 0 },
  metadata: { team: 'x' },
  status: 'queued',
  attempt: 0,
  progress: { images: 0, totalImages: 10, protocol: null, measured: 0 },
  results: [],
  leftOut: [],
  prototypes: null,
  error: null,
  createdAt: NOW,
  startedAt: null,
  finishedAt: null,
  ...more
})

export const aResult = (protocol: Protocol): EvaluationResult => ({
  protocol,
  settings: { k: [10], leaveOneOut: true },
  bank: 10,
  queries: 10,
  classes: 2,
  dimensions: 8,
  metrics: { top1_k10: { value: 0.5, low: 0.4, high: 0.6 } }
})
