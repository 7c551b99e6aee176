/** What the package offers. Its code is the project's own: the command line runs on it. */

export { answerOf, dataOf, idempotent, type KappaClient } from '../../../src/client/client.ts'
export { Problem as KappaError, type ProblemDetails } from '../../../src/client/problem.ts'
export type * from '../../../src/client/resources.ts'
export { isFinished } from '../../../src/client/run-status.ts'
export type { paths } from '../../../src/client/wire.ts'
export type { Embedded, EmbeddingRequest } from '../../../src/sdk/embeddings.ts'
export { createKappa, type Kappa, type KappaOptions } from '../../../src/sdk/kappa.ts'
export type { RunStreamOptions, RunWaitOptions } from '../../../src/sdk/runs.ts'
export type { UploadMemory, UploadOptions, UploadSource } from '../../../src/sdk/uploads.ts'
export { type ReceivedWebhook, verifyWebhook, type WebhookMessage } from '../../../src/sdk/webhooks.ts'
