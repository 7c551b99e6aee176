import type { AuditService } from './access/audit.ts'
import type { Authenticator } from './access/authenticator.ts'
import type { IdempotencyService } from './access/idempotency.ts'
import type { KeyService } from './access/keys.ts'
import type { RequestWork } from './access/request-work.ts'
import type { BatchService } from './batches/batches.ts'
import type { FileService } from './batches/files.ts'
import type { DatasetService } from './datasets/datasets.ts'
import type { DriftService } from './drift/drift.ts'
import type { EvaluationService } from './evaluations/evaluations.ts'
import type { ModelService } from './models/models.ts'
import type { PrototypeService } from './models/prototypes.ts'
import type { ProjectService } from './projects/projects.ts'
import type { ProjectRates } from './projects/rates.ts'
import type { createProjectStop } from './projects/stop-project.ts'
import type { RunService } from './runs/runs.ts'
import type { ServingService } from './serving/serving.ts'
import type { SweepService } from './sweeps/sweeps.ts'
import type { SearchService } from './vector-sets/search.ts'
import type { VectorListService } from './vector-sets/vector-lists.ts'
import type { VectorSetService } from './vector-sets/vector-sets.ts'
import type { WebhookService } from './webhooks/webhooks.ts'
import type { WorkerService } from './workers/workers.ts'

/** Everything that HTTP may ask for. */
export interface Services {
  readonly authenticate: Authenticator
  readonly keys: KeyService
  readonly projects: ProjectService
  readonly stopProject: ReturnType<typeof createProjectStop>
  readonly rates: ProjectRates
  readonly datasets: DatasetService
  readonly runs: RunService
  readonly sweeps: SweepService
  readonly models: ModelService
  readonly evaluations: EvaluationService
  readonly prototypes: PrototypeService
  readonly serving: ServingService
  readonly vectorSets: VectorSetService
  readonly vectorLists: VectorListService
  readonly drift: DriftService
  readonly files: FileService
  readonly batches: BatchService
  readonly search: SearchService
  readonly audit: AuditService
  readonly webhooks: WebhookService
  readonly idempotency: IdempotencyService
  readonly workers: Pick<WorkerService, 'list'>
  readonly requestWork: Pick<RequestWork, 'run' | 'within'>
}
