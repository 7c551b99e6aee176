/**
 * Who may do what. Every route has an operationId and every operationId a line here, or the app does not start:
 *
 *   a scope      a key or token with that scope, or with one above: `admin`, and `instance:admin` above it
 *   'public'     anybody
 *   'signature'  whoever holds a URL that the API has signed
 */
import { AppError } from '../../base/errors.ts'
import { isCovered, type Principal, type Scope, thisOne } from '../../domain/access.ts'

export type Access = Scope | 'public' | 'signature'

export const ACCESS = {
  listWorkers: 'admin',

  createKey: 'admin',
  listKeys: 'admin',
  getKey: 'admin',
  updateKey: 'admin',
  revokeKey: 'admin',
  listAudit: 'admin',

  createProject: 'instance:admin',
  listProjects: 'admin',
  getProject: 'admin',
  updateProject: 'instance:admin',
  stopProject: 'instance:admin',
  deleteProject: 'instance:admin',
  createProjectKey: 'instance:admin',
  listProjectKeys: 'admin',

  createDataset: 'datasets:write',
  listDatasets: 'datasets:read',
  getDataset: 'datasets:read',
  updateDataset: 'datasets:write',
  deleteDataset: 'datasets:write',
  createUpload: 'datasets:write',
  listUploads: 'datasets:read',
  completeUpload: 'datasets:write',
  deleteUpload: 'datasets:write',
  createDatasetVersion: 'datasets:write',
  listDatasetVersions: 'datasets:read',
  getDatasetVersion: 'datasets:read',
  deleteDatasetVersion: 'datasets:write',
  cancelDatasetVersion: 'datasets:write',
  listDatasetImages: 'datasets:read',
  getDatasetImage: 'datasets:read',
  getImageThumbnail: 'datasets:read',
  getImageFile: 'datasets:read',
  listRejectedFiles: 'datasets:read',

  createRun: 'runs:write',
  validateRun: 'runs:write',
  listRuns: 'runs:read',
  getRun: 'runs:read',
  updateRun: 'runs:write',
  deleteRun: 'runs:write',
  cancelRun: 'runs:write',
  pauseRun: 'runs:write',
  resumeRun: 'runs:write',
  retryRun: 'runs:write',
  extendRun: 'runs:write',
  forkRun: 'runs:write',
  validateFork: 'runs:write',
  listRunEvents: 'runs:read',
  getRunMetrics: 'runs:read',
  listRunCheckpoints: 'runs:read',
  getCheckpoint: 'runs:read',
  updateCheckpoint: 'runs:write',
  deleteCheckpoint: 'runs:write',

  createSweep: 'runs:write',
  validateSweep: 'runs:write',
  listSweeps: 'runs:read',
  getSweep: 'runs:read',
  updateSweep: 'runs:write',
  deleteSweep: 'runs:write',
  pauseSweep: 'runs:write',
  resumeSweep: 'runs:write',
  cancelSweep: 'runs:write',
  retrySweep: 'runs:write',

  createModel: 'models:write',
  createWeightUpload: 'models:write',
  listWeightUploads: 'models:read',
  completeWeightUpload: 'models:write',
  deleteWeightUpload: 'models:write',
  listModels: 'models:read',
  getModel: 'models:read',
  updateModel: 'models:write',
  listModelAliases: 'models:read',
  getModelAlias: 'models:read',
  putModelAlias: 'models:write',
  deleteModelAlias: 'models:write',
  deleteModel: 'models:write',
  cancelModel: 'models:write',
  listArtifacts: 'models:read',
  listPrototypes: 'models:read',
  getPrototype: 'models:read',
  getKappa: 'models:read',

  createEvaluation: 'models:write',
  listEvaluations: 'models:read',
  getEvaluation: 'models:read',
  getEvaluationReport: 'models:read',
  listPrototypeImages: 'models:read',
  getPrototypeImages: 'models:read',
  updateEvaluation: 'models:write',
  deleteEvaluation: 'models:write',
  cancelEvaluation: 'models:write',

  createVectorSet: 'models:write',
  listVectorSets: 'models:read',
  getVectorSet: 'models:read',
  updateVectorSet: 'models:write',
  listVectorSetFiles: 'models:read',
  cancelVectorSet: 'models:write',
  deleteVectorSet: 'models:write',
  searchVectorSet: 'embeddings:write',

  createWebhook: 'admin',
  listWebhooks: 'admin',
  getWebhook: 'admin',
  updateWebhook: 'admin',
  deleteWebhook: 'admin',
  rotateWebhookSecret: 'admin',
  testWebhook: 'admin',
  listWebhookDeliveries: 'admin',
  replayWebhookDelivery: 'admin',

  createEmbeddings: 'embeddings:write',
  createModelEmbeddings: 'embeddings:write',
  createAssignments: 'embeddings:write',
  createAttentionMap: 'embeddings:write',
  createHeatMap: 'embeddings:write',

  getInferenceModel: 'models:read',
  getInferenceModelReadiness: 'models:read',
  getInferenceModelVersion: 'models:read',
  getInferenceModelVersionReadiness: 'models:read',
  inferModel: 'embeddings:write',
  inferModelVersion: 'embeddings:write',

  getObject: 'signature',
  headObject: 'signature',
  putObjectPart: 'signature',

  getLiveness: 'public',
  getReadiness: 'public',
  getMetrics: 'public',
  getOpenApi: 'public',
  getRoot: 'public',
  getInferenceServer: 'public',
  getInferenceLiveness: 'public',
  getInferenceReadiness: 'public'
} as const satisfies Record<string, Access>

export type OperationId = keyof typeof ACCESS

/** Files for people: the documentation's pages and the dashboard's. They hold no data. */
const PUBLIC_FILES = /^\/docs(\/|$)|^\/assets\//

export const isOperationId = (id: unknown): id is OperationId => typeof id === 'string' && Object.hasOwn(ACCESS, id)

/** @throws Error for a route that nobody decided about */
export function accessOf(route: { readonly url: string; readonly operationId: unknown }): Access {
  if (isOperationId(route.operationId)) return ACCESS[route.operationId]
  if (PUBLIC_FILES.test(route.url)) return 'public'
  throw new Error(`${route.url}: operationId ${String(route.operationId)} has no line in http/core/access.ts`)
}

/** @throws AppError forbidden, naming the scope */
export function requireScope(principal: Pick<Principal, 'by' | 'scopes'>, scope: Scope): void {
  if (isCovered(scope, principal.scopes)) return
  throw new AppError('forbidden', { message: `${thisOne(principal)} lacks the scope ${scope}.`, requiredScope: scope })
}
