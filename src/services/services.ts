import type { DatasetService } from './datasets.ts'
import type { IdempotencyService } from './idempotency.ts'
import type { KeyService } from './keys.ts'
import type { ModelService } from './models.ts'
import type { PrototypeService } from './prototypes.ts'
import type { RunService } from './runs.ts'
import type { ServingService } from './serving.ts'

/** Everything that HTTP may ask for. */
export interface Services {
  readonly keys: KeyService
  readonly datasets: DatasetService
  readonly runs: RunService
  readonly models: ModelService
  readonly prototypes: PrototypeService
  readonly serving: ServingService
  readonly idempotency: IdempotencyService
}
