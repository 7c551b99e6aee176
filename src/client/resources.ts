/** What the API's resources look like on the wire, by name. The types are generated: they are what the API promises. */
import type { components } from './wire.ts'

type Schemas = components['schemas']

export type ApiKey = Schemas['ApiKey']
export type CreateApiKey = Schemas['CreateApiKey']
export type IssuedApiKey = Schemas['IssuedApiKey']
export type Scope = ApiKey['scopes'][number]

export type Dataset = Schemas['Dataset']
export type DatasetVersion = Schemas['DatasetVersion']
export type StartedUpload = Schemas['StartedUpload']
export type DatasetImage = Schemas['DatasetImage']
export type RejectedFile = Schemas['RejectedFile']

export type Run = Schemas['Run']
export type RunStatus = Run['status']
export type CreateRun = Schemas['CreateRun']
export type ForkRun = Schemas['ForkRun']
export type RunPlan = Schemas['ValidatedRun']
export type Recipe = Schemas['Recipe']
export type RunEvent = Schemas['RunEvent']
export type Metrics = Schemas['Metrics']
export type Checkpoint = Schemas['Checkpoint']

export type Sweep = Schemas['Sweep']
export type SweepComparison = Schemas['SweepComparison']
export type CreateSweep = Schemas['CreateSweep']
export type SweepPlan = Schemas['ValidatedSweep']
export type SweepTrial = SweepComparison['trials'][number]

export type Model = Schemas['Model']
export type ModelAlias = Schemas['ModelAlias']
export type ModelConfig = NonNullable<Model['config']>
export type Artifact = Schemas['ArtifactList']['data'][number]
export type Prototype = Schemas['Prototype']
export type FittedComponent = NonNullable<Prototype['fitted']>
export type Mixture = NonNullable<Model['mixture']>
export type KappaSummary = Schemas['Kappa']
export type Drift = Schemas['Drift']
export type DriftWindow = Schemas['DriftWindow']
export type DriftGroup = DriftWindow['groups'][number]
export type UpdateDrift = Schemas['UpdateDrift']
export type Matching = Schemas['Matching']
export type MatchedPair = Matching['pairs'][number]
export type ImageAssignments = Schemas['Assignments']['data'][number]
export type Assignment = ImageAssignments['assignments'][number]
export type EmbeddingList = Schemas['Embeddings']
export type AttentionMap = Schemas['AttentionMap']
export type HeatMap = Schemas['HeatMap']

export type Batch = Schemas['Batch']
export type BatchStatus = Batch['status']
export type RequestFile = Schemas['RequestFile']

export type Evaluation = Schemas['Evaluation']
export type EvaluationStatus = Evaluation['status']
export type CreateEvaluation = Schemas['CreateEvaluation']
export type PrototypeImages = Schemas['PrototypeImages']
export type ProtocolResult = Schemas['ProtocolResult']

export type VectorSet = Schemas['VectorSet']
export type VectorSetStatus = VectorSet['status']
export type CreateVectorSet = Schemas['CreateVectorSet']
export type SearchVectorSet = Schemas['SearchVectorSet']
export type Matches = Schemas['Matches']
export type Outlier = Schemas['OutlierList']['data'][number]
export type NearDuplicates = Schemas['NearDuplicatesList']['data'][number]
export type ProposedLabel = Schemas['ProposedLabelList']['data'][number]
export type LabelAccuracy = Schemas['LabelAccuracy']
export type SelectImages = Schemas['SelectImages']
export type VectorMap = Schemas['VectorMap']

export type Worker = Schemas['WorkerList']['data'][number]
export type Project = Schemas['Project']
export type CreateProject = Schemas['CreateProject']
export type UpdateProject = Schemas['UpdateProject']
export type AuditEntry = Schemas['AuditEntry']

export type Webhook = Schemas['Webhook']
export type CreateWebhook = Schemas['CreateWebhook']
export type UpdateWebhook = Schemas['UpdateWebhook']
export type IssuedWebhook = Schemas['IssuedWebhook']
export type WebhookEvent = Webhook['events'][number]
export type WebhookTest = Schemas['WebhookTest']
export type WebhookDelivery = Schemas['WebhookDelivery']

/** One page of any list. */
export interface Page<T> {
  readonly data: readonly T[]
  readonly has_more: boolean
  readonly next_cursor: string | null
}
