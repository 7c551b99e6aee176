/** Everything that HTTP may ask for, from its parts: the API's, and that of the tests over their own stores. */
import type { Clock } from '../base/clock.ts'
import type { IdKind } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import type { Inference, ObjectStore } from '../domain/ports.ts'
import type { EventNotices, Reach, ReachOf } from '../domain/stores.ts'
import { createAuditService } from '../services/access/audit.ts'
import { createAuthenticator } from '../services/access/authenticator.ts'
import { createBearerTokens, type TokenRules } from '../services/access/bearer-tokens.ts'
import { createIdempotencyService } from '../services/access/idempotency.ts'
import { createIssuerKeys } from '../services/access/issuer-keys.ts'
import { createKeyService } from '../services/access/keys.ts'
import { createRequestWork } from '../services/access/request-work.ts'
import { createBatchService } from '../services/batches/batches.ts'
import { createFileService } from '../services/batches/files.ts'
import { createDatasetService } from '../services/datasets/datasets.ts'
import { createDriftService } from '../services/drift/drift.ts'
import type { DriftRecorder } from '../services/drift/recorder.ts'
import { createEvaluationService } from '../services/evaluations/evaluations.ts'
import { createModelService } from '../services/models/models.ts'
import { createPrototypeService } from '../services/models/prototypes.ts'
import { createProjectService } from '../services/projects/projects.ts'
import { createProjectRates } from '../services/projects/rates.ts'
import { createProjectStop } from '../services/projects/stop-project.ts'
import { createRunService } from '../services/runs/runs.ts'
import type { Services } from '../services/services.ts'
import { createImageFetch } from '../services/serving/image-fetch.ts'
import { createImageSources } from '../services/serving/image-sources.ts'
import { createServingService } from '../services/serving/serving.ts'
import { createSweepService } from '../services/sweeps/sweeps.ts'
import { createSearchService } from '../services/vector-sets/search.ts'
import { createVectorListService } from '../services/vector-sets/vector-lists.ts'
import { createVectorSetService } from '../services/vector-sets/vector-sets.ts'
import type { WebhookPost } from '../services/webhooks/post.ts'
import type { SecretSeal } from '../services/webhooks/seal.ts'
import { createWebhookService } from '../services/webhooks/webhooks.ts'
import { createWorkerService } from '../services/workers/workers.ts'

export interface ServiceParts extends Reach {
  /** What requests reach of the stores. */
  readonly reachOf: ReachOf
  readonly objects: ObjectStore
  readonly inference: Inference
  readonly driftRecorder: Pick<DriftRecorder, 'count'>
  /** Null where nothing tells of new events: streams poll. */
  readonly notices: EventNotices | null
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly logger: Logger
  readonly tracing: Pick<Tracing, 'current'>
  readonly limits: {
    readonly imageBytes: number
    readonly imagesPerRequest: number
    readonly uploadBytes: number
    readonly bodyBytes: number
    readonly fileBytes: number
  }
  /** False: no image of a dataset is given out. */
  readonly showImages: boolean
  /** Hosts that images may be fetched from. */
  readonly allowedImageHosts: readonly string[]
  readonly fetchTimeoutMs: number
  readonly webhookPost: WebhookPost
  readonly webhookSeal: SecretSeal
  /** Null where keys alone are taken. */
  readonly oidc: TokenRules | null
}

export function composeServices(given: ServiceParts): Services {
  const requestWork = createRequestWork({ stores: given.stores, unitOfWork: given.unitOfWork, reachOf: given.reachOf })
  const parts = { ...given, ...requestWork }
  const { stores, limits, inference, allowedImageHosts: allowedHosts, fetchTimeoutMs: timeoutMs } = parts
  const keys = createKeyService(parts)
  // Counted by itself: what is used stays used when the request's transaction fails.
  const rates = createProjectRates(given)
  const tokens =
    given.oidc &&
    createBearerTokens({
      ...parts,
      rules: given.oidc,
      issuerKeys: createIssuerKeys({ ...parts, issuer: given.oidc.issuer })
    })
  const datasets = createDatasetService(parts)
  const models = createModelService(parts)
  const runs = createRunService({ ...parts, keys, datasets, models })
  const evaluations = createEvaluationService({ ...parts, models, datasets })
  const vectorSets = createVectorSetService({ ...parts, models, datasets })
  const batches = createBatchService({ ...parts, models })
  const fetchImage = createImageFetch({ allowedHosts, maxBytes: limits.imageBytes, timeoutMs })
  const serving = createServingService({
    models,
    stores,
    imageSources: createImageSources({ fetchImage, limits }),
    inference,
    drift: parts.driftRecorder
  })
  return {
    authenticate: createAuthenticator(keys, tokens),
    keys,
    projects: createProjectService({ ...parts, keys, rates }),
    stopProject: createProjectStop({ ...parts, runs, evaluations, vectorSets, batches, models, datasets }),
    rates,
    datasets,
    evaluations,
    runs,
    sweeps: createSweepService({ ...parts, runs }),
    models,
    prototypes: createPrototypeService({ stores, models }),
    serving,
    vectorSets,
    vectorLists: createVectorListService(parts),
    drift: createDriftService({ ...parts, models }),
    files: createFileService(parts),
    batches,
    search: createSearchService({ ...parts, serving }),
    workers: createWorkerService(parts),
    audit: createAuditService(parts),
    webhooks: createWebhookService({ ...parts, post: parts.webhookPost, seal: parts.webhookSeal }),
    idempotency: createIdempotencyService(parts),
    requestWork
  }
}
