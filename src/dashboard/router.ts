/** Hash routes: every page works from the static files alone, and the address names it. */
export type Route =
  | { readonly page: 'runs' }
  | { readonly page: 'new-run' }
  | { readonly page: 'run'; readonly id: string }
  | { readonly page: 'sweeps' }
  | { readonly page: 'sweep'; readonly id: string }
  | { readonly page: 'datasets' }
  | { readonly page: 'new-dataset' }
  | { readonly page: 'dataset'; readonly id: string }
  | { readonly page: 'models' }
  | { readonly page: 'model'; readonly id: string }
  | { readonly page: 'keys' }
  | { readonly page: 'webhooks' }
  | { readonly page: 'webhook'; readonly id: string }
  | { readonly page: 'unknown' }

export interface Location {
  readonly route: Route
  readonly query: URLSearchParams
}

const unknown: Route = { page: 'unknown' }

function matchRuns(id: string | undefined): Route {
  if (id === undefined) return { page: 'runs' }
  return id === 'new' ? { page: 'new-run' } : { page: 'run', id }
}

function matchDatasets(id: string | undefined): Route {
  if (id === undefined) return { page: 'datasets' }
  return id === 'new' ? { page: 'new-dataset' } : { page: 'dataset', id }
}

export function matchRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '')
  if (parts.length > 2) return unknown
  const [noun = 'runs', id] = parts.map(decodeSafely)
  if (noun === 'runs') return matchRuns(id)
  if (noun === 'datasets') return matchDatasets(id)
  if (noun === 'sweeps') return id === undefined ? { page: 'sweeps' } : { page: 'sweep', id }
  if (noun === 'models') return id === undefined ? { page: 'models' } : { page: 'model', id }
  if (noun === 'webhooks') return id === undefined ? { page: 'webhooks' } : { page: 'webhook', id }
  if (noun === 'keys' && id === undefined) return { page: 'keys' }
  return unknown
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

const tail = (query: Readonly<Record<string, string>>): string => {
  const text = new URLSearchParams(query).toString()
  return text === '' ? '' : `?${text}`
}

export const href = {
  runs: (query: Readonly<Record<string, string>> = {}) => `#/runs${tail(query)}`,
  newRun: (query: Readonly<Record<string, string>> = {}) => `#/runs/new${tail(query)}`,
  run: (id: string) => `#/runs/${encodeURIComponent(id)}`,
  sweeps: () => '#/sweeps',
  sweep: (id: string) => `#/sweeps/${encodeURIComponent(id)}`,
  datasets: () => '#/datasets',
  newDataset: () => '#/datasets/new',
  dataset: (id: string) => `#/datasets/${encodeURIComponent(id)}`,
  models: () => '#/models',
  model: (id: string) => `#/models/${encodeURIComponent(id)}`,
  keys: () => '#/keys',
  webhooks: () => '#/webhooks',
  webhook: (id: string) => `#/webhooks/${encodeURIComponent(id)}`
} as const

/** The key of `/#key=kappa_…`, or null. */
export function keyFromHash(hash: string): string | null {
  const match = /^#key=(.+)$/.exec(hash)
  return match?.[1] ? decodeSafely(match[1]).trim() : null
}
