/** The client for programs: the typed API as it is, and helpers for what takes more than one request. */
import { createKappaClient, dataOf, type KappaClient } from '../client/client.ts'
import type { Model } from '../client/resources.ts'
import { type Batches, createBatches } from './batches.ts'
import { createEmbeddings, type Embeddings } from './embeddings.ts'
import { createMaps, type Maps } from './maps.ts'
import { type RetryOptions, retrying, type Send } from './retrying.ts'
import { createRuns, type Runs } from './runs.ts'
import { createUploads, type Uploads } from './uploads.ts'
import { createVectorSets, type VectorSets } from './vector-sets.ts'
import { createVersions, type Versions } from './versions.ts'
import { type WaitOptions, waitUntil } from './waiting.ts'
import { verifyWebhook } from './webhooks.ts'

export interface KappaOptions {
  /** Where the API is, such as `https://kappa.example`. */
  readonly url: string
  /** An API key, or a token of the installation's issuer. */
  readonly key: string
  readonly retry?: RetryOptions
  /** Instead of the platform's. */
  readonly fetch?: Send
}

export interface Kappa {
  /** Every route of openapi.yaml: `api.GET('/v1/runs/{id}', …)`. Failures are thrown as Problem. */
  readonly api: KappaClient
  readonly runs: Runs
  readonly uploads: Uploads
  readonly embeddings: Embeddings
  readonly maps: Maps
  readonly batches: Batches
  readonly vectorSets: VectorSets
  readonly versions: Versions
  readonly webhooks: { readonly verify: typeof verifyWebhook }
  readonly models: {
    /** Until it is ready, failed or cancelled. */
    wait(id: string, options?: WaitOptions<Model>): Promise<Model>
  }
}

export function createKappa({ url, key, retry, fetch: send = (request) => fetch(request) }: KappaOptions): Kappa {
  const baseUrl = url.replace(/\/+$/, '')
  const api = createKappaClient({ baseUrl, key, fetch: retrying(send, retry) })
  return {
    api,
    runs: createRuns(api),
    uploads: createUploads(api, baseUrl, send),
    embeddings: createEmbeddings(api),
    maps: createMaps(api),
    batches: createBatches({ api, baseUrl, key, send, retry }),
    vectorSets: createVectorSets(api),
    versions: createVersions(api),
    webhooks: { verify: verifyWebhook },
    models: {
      wait: (id, options = {}) =>
        waitUntil(
          (signal) => dataOf(api.GET('/v1/models/{id}', { params: { path: { id } }, signal })),
          ({ status }) => status !== 'exporting',
          options
        )
    }
  }
}
