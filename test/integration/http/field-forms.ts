import type { TestApp } from '../../helpers/app.ts'
import { sendAll, startUpload } from '../../helpers/upload-steps.ts'
import { type FieldForm, fixed } from './field-form.ts'
import { OTHER_VALUES, RETENTION } from './field-recipes.ts'
import type { FieldWorld } from './field-world.ts'

import { forkForms, ofRuns, sweepForms, withRuns } from './run-field-forms.ts'

const judged = {
  protocols: ['retrieval', 'knn', 'few_shot'],
  settings: { k: [5], draws: 3, dimensions: 4, seed: 1 }
}

const described = fixed({ name: 'a', metadata: { team: 'x' } })
const aKey = fixed(
  { name: 'a', scopes: ['runs:read'], expires_at: '2999-01-01T00:00:00.000Z' },
  { others: { '/expires_at': '2998-01-01T00:00:00.000Z' } }
)
const aFile = (name: string) => fixed({ filename: `a${name}`, bytes: 10 }, { others: { '/filename': `b${name}` } })

function evaluationForms(api: TestApp, world: FieldWorld): FieldForm[] {
  const { dataset, queries, neither, model, otherModel, checkpoint, otherCheckpoint } = world
  const gnd = [{ easy: [0], hard: [1], junk: [2], bbx: [0, 0, 5, 5] }]
  const ground_truth = { imlist: ['bild-ä-0', 'bild-ä-1', 'bild-ä-2', 'bild-ä-3'], qimlist: ['bild-ä-4'], gnd }
  const more = {
    others: { '/dataset': queries, '/queries': neither, '/model': otherModel, '/checkpoint': otherCheckpoint }
  }
  const at = (place: string) => `/ground_truth/${place}/0`
  const truth = {
    [at('imlist')]: 'bild-ä-5',
    [at('qimlist')]: 'bild-ä-6',
    ...Object.fromEntries(['easy', 'hard', 'junk'].map((kind) => [at(`gnd/0/${kind}`), 3])),
    [at('gnd/0/bbx')]: 1
  }
  const both = { model, dataset, queries }
  const trained = { protocols: ['linear', 'finetune'], settings: { epochs: 3, rates: [0.001, 0.01] } }
  const copies = { protocols: ['copy_detection'], settings: { image_size: 56 }, distractors: neither }
  return [
    fixed({ ...both, name: 'a', ...judged, metadata: { team: 'x' } }, more),
    fixed({ model, dataset, protocols: ['label_free'], against: otherModel }, { others: { '/against': checkpoint } }),
    fixed({ checkpoint, dataset }, more),
    fixed({ ...both, ...trained }, more),
    fixed({ ...both, ...copies }, { others: { '/distractors': `${world.fourth}@1`, '/settings/image_size': 84 } }),
    fixed({ ...both, protocols: ['copy_detection'], whitening: neither }, { others: { '/whitening': world.fourth } }),
    fixed(
      { ...both, protocols: ['revisited'], ground_truth },
      { others: truth, look: async (id) => JSON.stringify(await api.stores.evaluations.loadGroundTruth(id)) }
    )
  ]
}

/** Each way to say what is looked for, and each way to narrow it. */
function searchForms({ vectorSet }: FieldWorld): FieldForm[] {
  const path = `/v1/vector-sets/${vectorSet}:search`
  const vector = [1, 0.5, 0.25, 0, 0, 0, 0, 0]
  return [
    fixed({ input: PNG, top_k: 3 }, { path, ...images }),
    fixed({ vector, min_similarity: 0.1 }, { path, others: { '/vector/0': -1, '/min_similarity': 0.99 } }),
    fixed(
      { index: 0, filter: { labels: ['left'], prototypes: [0] } },
      { path, others: { '/index': 1, '/filter/labels/0': 'right', '/filter/prototypes/0': 1 } }
    ),
    fixed({ prototype: 1 }, { path, others: { '/prototype': 2 } })
  ]
}

/** Each strategy, and all that one may be told. Versions are numbered. */
function selectionForms(api: TestApp, { dataset, vectorSet: vector_set, halfLabelled }: FieldWorld): FieldForm[] {
  const more = { path: `/v1/datasets/${dataset}:select`, counts: /"version":\d+|@\d+|\/v\d+/g }
  const labels = { min_confidence: 0.5, neighbors: 5, from: halfLabelled }
  const others = { '/strategy': 'diverse', '/vector_set': halfLabelled, '/labels/from': vector_set }
  const named = async (id: string) =>
    JSON.stringify(await api.stores.datasets.loadSelected(dataset, Number(id.split('@')[1])))
  return [
    fixed({ strategy: 'balanced', vector_set, count: 5, seed: 1, labels }, { ...more, others }),
    fixed({ strategy: 'deduplicated', vector_set, max_similarity: 0.9, labels }, { ...more, others }),
    fixed(
      { strategy: 'indices', version: 1, indices: [0, 3] },
      {
        ...more,
        look: named,
        refused: { '/version': { status: 404, names: 'dataset_version_not_found' } },
        others: { '/version': 999 }
      }
    )
  ]
}

function importForms({ checkpoint, otherCheckpoint, weights: [first, second] }: FieldWorld): FieldForm[] {
  const options = {
    format: 'dino',
    arch: 'vit_small',
    heads: 6,
    image_size: 224,
    resampling: 'offset',
    network: 'teacher',
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    bits: 12,
    temperature: 0.04,
    method: 'dino'
  }
  const counts = /"version":\d+/g
  return [
    fixed({ checkpoint, name: 'a', metadata: { team: 'x' } }, { others: { '/checkpoint': otherCheckpoint }, counts }),
    fixed(
      { import: { source: { type: 'upload', uploads: [first] }, ...options } },
      { others: { '/import/source/uploads/0': second } }
    ),
    fixed({ import: { source: { type: 's3', prefix: 'shoes' } } })
  ]
}

function versionForms({ dataset, uploads: [first, second] }: FieldWorld): FieldForm[] {
  const more = { classes: ['left', 'right'], select: { every: 2, offset: 0, invert: false }, channels: 4 }
  const path = `/v1/datasets/${dataset}/versions`
  const counts = /@\d+"|"version":\d+/g
  const others = { '/source/uploads/0': second }
  return [
    fixed({ source: { type: 'upload', uploads: [first], ...more } }, { path, counts, others }),
    fixed({ source: { type: 's3', prefix: 'shoes', ...more } }, { path, counts })
  ]
}

/** Sent, to be completed once: another part or tag is none that was sent. */
function completion(api: TestApp, dataset: string | null): FieldForm {
  const make = async () => {
    const started = await startUpload(api, dataset, { bytes: 10 })
    const [etag] = await sendAll(api, started, Buffer.alloc(10, 7))
    return { path: `${started.path}:complete`, body: { parts: [{ part: 1, etag }] } }
  }
  const refused = {
    '/parts/0/part': { status: 400, names: '"/parts"' },
    '/parts/0/etag': { status: 409, names: 'Part 1 is' }
  }
  return { make, refused }
}

/** Of a run that has them already: the first request for more is the one that changes it. */
function extension(api: TestApp, { dataset }: FieldWorld): FieldForm {
  const make = async () => {
    const run = await api.call('POST', '/v1/runs', { body: { dataset, preset: 'demo' } })
    return { path: `/v1/runs/${run.json.id}:extend`, body: { epochs: 30 } }
  }
  return { make }
}

const settings = {
  quotas: {
    queued_runs: 5,
    storage_bytes: 100,
    devices_at_once: 2,
    requests_per_minute: 90_000,
    pixels_per_minute: 1_000_000
  },
  checkpoint: RETENTION
}

/** Names of projects are all different, so the one that was given before is taken away first. */
function aProject(api: TestApp): FieldForm {
  const make = async () => {
    const { json } = await api.call('GET', '/v1/projects?limit=100')
    for (const { id, name } of json.data as { id: string; name: string }[])
      if (/^new team2?$/.test(name)) await api.call('PATCH', `/v1/projects/${id}`, { body: { name: `once ${id}` } })
    return { body: { name: 'new team', ...settings } }
  }
  return { make, others: OTHER_VALUES }
}

const PNG = 'iVBORw0KGgoAAAA='
const image = { input: [PNG], encoding_format: 'float', dimensions: 4 }
const images = { others: { '/input/0': 'iVBORw0KGgoBBBB=', '/input': 'iVBORw0KGgoBBBB=', '/image_size': 56 } }

const tensors = (parameters: object, output: object) => ({
  id: 'a',
  inputs: [{ name: 'images', shape: [1], datatype: 'BYTES', data: [PNG] }],
  parameters,
  outputs: [output]
})

function tensorForms(more: { readonly path?: string }, named: { path: string; model_name: string }): FieldForm[] {
  const ofOne = { status: 400, names: 'shape' }
  const all = {
    ...more,
    others: { '/inputs/0/data/0': 'iVBORw0KGgoBBBB=', '/outputs/0/name': 'probabilities' },
    refused: { '/inputs/0/shape': ofOne }
  }
  return [
    fixed(tensors({ dimensions: 4 }, { name: 'embeddings', parameters: { binary_data: true } }), all),
    fixed(tensors({ binary_data_output: true }, { name: 'embeddings' }), all),
    fixed(tensors({ top_k: 2, posterior: 'model' }, { name: 'prototypes' }), all),
    fixed(
      { ...tensors({}, { name: 'embeddings' }), model_name: named.model_name },
      { path: named.path, refused: { '/model_name': { status: 400, names: 'model_name' } } }
    )
  ]
}

export function fieldForms(api: TestApp, world: FieldWorld): Readonly<Record<string, readonly FieldForm[]>> {
  const { dataset, model, otherModel, project } = world
  const runs = ofRuns(world)
  const ofRun = runs.bodies.map((body) => fixed(body, { others: runs.others }))
  const sweeps = sweepForms(world)
  const url = 'https://hooks.invalid/'
  const alias = '/v1/models/whole/aliases/prod'
  return {
    createKey: [aKey],
    updateKey: [fixed({ name: 'renamed' })],
    createProjectKey: [{ ...aKey, path: `/v1/projects/${project}/keys` }],
    createProject: [aProject(api)],
    updateProject: [fixed({ name: 'b team', ...settings }, { path: `/v1/projects/${project}`, others: OTHER_VALUES })],
    createDataset: [described],
    updateDataset: [described],
    createUpload: [aFile('.zip')],
    createWeightUpload: [aFile('.safetensors')],
    completeUpload: [completion(api, dataset)],
    completeWeightUpload: [completion(api, null)],
    createDatasetVersion: versionForms(world),
    selectImages: selectionForms(api, world),
    createRun: ofRun,
    validateRun: ofRun,
    updateRun: [fixed({ name: 'a', metadata: { team: 'x' }, archived: true })],
    extendRun: [extension(api, world)],
    forkRun: forkForms(world, ':fork'),
    validateFork: forkForms(world, ':fork:validate'),
    createSweep: withRuns(api, sweeps),
    validateSweep: sweeps,
    updateSweep: [described],
    createModel: importForms(world),
    updateDrift: [fixed({ enabled: true, window_images: 600, psi_over: 0.5, low_density_over: 0.2 })],
    updateModel: [fixed({ name: 'renamed', metadata: { team: 'x' } })],
    putModelAlias: [
      fixed({ version: 1 }, { path: alias }),
      fixed({ model }, { path: alias, others: { '/model': otherModel } })
    ],
    updateCheckpoint: [fixed({ keep: true })],
    createEvaluation: evaluationForms(api, world),
    updateEvaluation: [described],
    createVectorSet: [
      fixed(
        { model, dataset, name: 'a', search: false, assign: false, metadata: { team: 'x' } },
        { others: { '/model': otherModel, '/dataset': world.queries } }
      )
    ],
    updateVectorSet: [described],
    searchVectorSet: searchForms(world),
    createBatch: [
      fixed(
        { input_file_id: world.file, endpoint: '/v1/embeddings', completion_window: '24h', metadata: { team: 'x' } },
        { others: { '/input_file_id': world.otherFile, '/completion_window': '48h' } }
      )
    ],
    createWebhook: [fixed({ url, events: ['run.state'] })],
    updateWebhook: [fixed({ url, events: ['run.state'], enabled: true })],
    createEmbeddings: [
      fixed(
        { model, ...image, output_dtype: 'int8', output: 'bottleneck', image_size: 28, user: 'u' },
        { others: { ...images.others, '/model': otherModel } }
      ),
      fixed({ model, input: PNG, precision: 'int8' }, images)
    ],
    createModelEmbeddings: [
      fixed({ ...image, output_dtype: 'int8', output: 'bottleneck', image_size: 28 }, images),
      fixed({ input: PNG, precision: 'int8' }, images),
      fixed(
        { input: PNG, output: 'patches', file_format: 'npy' },
        { ...images, refused: { '/output': { status: 400, names: 'is for output patches' } } }
      )
    ],
    inferModel: tensorForms({}, { path: '/v2/models/whole@1/infer', model_name: 'whole@1' }),
    inferModelVersion: tensorForms(
      { path: '/v2/models/whole/versions/1/infer' },
      { path: '/v2/models/whole/versions/1/infer', model_name: 'whole' }
    ),
    createAssignments: [
      fixed({ input: [PNG], top_k: 2, include: ['entropy'], image_size: 28 }, images),
      fixed({ input: PNG, posterior: 'model' }, images),
      fixed({ input: PNG, posterior: 'model', temperature: 0.04 }, images)
    ],
    createAttentionMap: [
      fixed({ input: PNG, head: 0, format: 'json', image_size: 28 }, images),
      fixed({ input: PNG, draw: 'map' }, images)
    ],
    createHeatMap: [
      fixed({ input: PNG, prototype: 1, value: 'cosine', format: 'json', image_size: 28 }, images),
      fixed({ input: PNG, draw: 'map' }, images)
    ]
  }
}
