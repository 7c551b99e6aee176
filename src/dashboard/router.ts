/** Hash routes: every page works from the static files alone, and the address names it. */
export type Route =
  | {
      readonly page:
        | 'runs'
        | 'new-run'
        | 'compare-runs'
        | 'sweeps'
        | 'new-sweep'
        | 'datasets'
        | 'new-dataset'
        | 'models'
        | 'evaluations'
        | 'new-evaluation'
        | 'playground'
        | 'vector-sets'
        | 'new-vector-set'
        | 'workers'
        | 'projects'
        | 'audit'
        | 'keys'
        | 'webhooks'
        | 'unknown'
    }
  | {
      readonly page:
        | 'run'
        | 'sweep'
        | 'dataset'
        | 'images'
        | 'model'
        | 'explorer'
        | 'matching'
        | 'evaluation'
        | 'vector-set'
        | 'map'
        | 'curation'
        | 'project'
        | 'webhook'
      readonly id: string
    }

export interface Location {
  readonly route: Route
  readonly query: URLSearchParams
}

const unknown: Route = { page: 'unknown' }

/** Words that are no id of a run. */
const RUN_PAGES = new Map<string, Route>([
  ['new', { page: 'new-run' }],
  ['compare', { page: 'compare-runs' }]
])

/** What an address begins with, and which page it is with the id that may follow. */
const PAGES = new Map<string, (id: string | undefined) => Route>([
  ['runs', (id) => (id === undefined ? { page: 'runs' } : (RUN_PAGES.get(id) ?? { page: 'run', id }))],
  [
    'sweeps',
    (id) => (id === undefined ? { page: 'sweeps' } : id === 'new' ? { page: 'new-sweep' } : { page: 'sweep', id })
  ],
  [
    'datasets',
    (id) => (id === undefined ? { page: 'datasets' } : id === 'new' ? { page: 'new-dataset' } : { page: 'dataset', id })
  ],
  [
    'evaluations',
    (id) =>
      id === undefined
        ? { page: 'evaluations' }
        : id === 'new'
          ? { page: 'new-evaluation' }
          : { page: 'evaluation', id }
  ],
  [
    'vector-sets',
    (id) =>
      id === undefined
        ? { page: 'vector-sets' }
        : id === 'new'
          ? { page: 'new-vector-set' }
          : { page: 'vector-set', id }
  ],
  ['maps', (id) => (id === undefined ? unknown : { page: 'map', id })],
  ['curation', (id) => (id === undefined ? unknown : { page: 'curation', id })],
  ['images', (id) => (id === undefined ? unknown : { page: 'images', id })],
  ['models', (id) => (id === undefined ? { page: 'models' } : { page: 'model', id })],
  ['explorer', (id) => (id === undefined ? unknown : { page: 'explorer', id })],
  ['matching', (id) => (id === undefined ? unknown : { page: 'matching', id })],
  ['playground', (id) => (id === undefined ? { page: 'playground' } : unknown)],
  ['webhooks', (id) => (id === undefined ? { page: 'webhooks' } : { page: 'webhook', id })],
  ['workers', (id) => (id === undefined ? { page: 'workers' } : unknown)],
  ['projects', (id) => (id === undefined ? { page: 'projects' } : { page: 'project', id })],
  ['audit', (id) => (id === undefined ? { page: 'audit' } : unknown)],
  ['keys', (id) => (id === undefined ? { page: 'keys' } : unknown)]
])

export function matchRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '')
  if (parts.length > 2) return unknown
  const [noun = 'runs', id] = parts.map(decodeSafely)
  return PAGES.get(noun)?.(id) ?? unknown
}

/** A stray % in a typed address is not worth a broken page. */
function decodeSafely(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** `hash` as the browser has it, with or without `#`. */
export function parseLocation(hash: string): Location {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  return { route: matchRoute(path), query: new URLSearchParams(query) }
}

type Query = Readonly<Record<string, string>>

const tail = (query: Query): string => {
  const text = new URLSearchParams(query).toString()
  return text === '' ? '' : `?${text}`
}

const to = (noun: string, id: string): string => `#/${noun}/${encodeURIComponent(id)}`

export const href = {
  runs: (query: Query = {}) => `#/runs${tail(query)}`,
  newRun: (query: Query = {}) => `#/runs/new${tail(query)}`,
  run: (id: string) => to('runs', id),
  compareRuns: (ids: readonly string[]) => `#/runs/compare${tail({ runs: ids.join(',') })}`,
  sweeps: (query: Query = {}) => `#/sweeps${tail(query)}`,
  newSweep: (query: Query = {}) => `#/sweeps/new${tail(query)}`,
  sweep: (id: string) => to('sweeps', id),
  datasets: (query: Query = {}) => `#/datasets${tail(query)}`,
  newDataset: () => '#/datasets/new',
  dataset: (id: string) => to('datasets', id),
  images: (reference: string, query: Query = {}) => `${to('images', reference)}${tail(query)}`,
  models: (query: Query = {}) => `#/models${tail(query)}`,
  model: (id: string) => to('models', id),
  explorer: (model: string) => to('explorer', model),
  matching: (model: string, query: Query = {}) => `${to('matching', model)}${tail(query)}`,
  prototype: (model: string, index: number) => `${to('explorer', model)}${tail({ prototype: String(index) })}`,
  playground: (query: Query = {}) => `#/playground${tail(query)}`,
  evaluations: (query: Query = {}) => `#/evaluations${tail(query)}`,
  newEvaluation: (query: Query = {}) => `#/evaluations/new${tail(query)}`,
  evaluation: (id: string) => to('evaluations', id),
  vectorSets: (query: Query = {}) => `#/vector-sets${tail(query)}`,
  newVectorSet: (query: Query = {}) => `#/vector-sets/new${tail(query)}`,
  vectorSet: (id: string) => to('vector-sets', id),
  map: (id: string) => to('maps', id),
  curation: (id: string) => to('curation', id),
  workers: () => '#/workers',
  projects: () => '#/projects',
  project: (id: string) => to('projects', id),
  audit: (query: Query = {}) => `#/audit${tail(query)}`,
  keys: () => '#/keys',
  webhooks: () => '#/webhooks',
  webhook: (id: string) => to('webhooks', id)
} as const

/** The key of `/#key=kappa_…`, or null. */
export function keyFromHash(hash: string): string | null {
  const match = /^#key=(.+)$/.exec(hash)
  return match?.[1] ? decodeSafely(match[1]).trim() : null
}
