/** What a Job, and its pods, say of a place. */
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { QUEUE_LABEL } from './kubernetes-job.ts'
import type { Sight } from './launcher.ts'

/** Waits that are nothing but time. */
const ON_ITS_WAY = new Set(['ContainerCreating', 'PodInitializing'])

/** @param pods of the job alone */
export function sightOf(job: V1Job, pods: readonly V1Pod[]): Sight {
  const { conditions = [], active = 0, ready = 0 } = job.status ?? {}
  const holds = (type: string) => conditions.find((one) => one.type === type && one.status === 'True')
  if (holds('Complete')) return { state: 'ended', reason: null }
  const failed = holds('Failed')
  if (failed)
    return {
      state: 'ended',
      reason: pods.map(endOf).find(Boolean) ?? failed.message ?? failed.reason ?? 'The job failed.'
    }
  // It has ended, and Kubernetes still counts.
  if (holds('FailureTarget') || holds('SuccessCriteriaMet')) return { state: 'running', reason: null }
  if (ready > 0) return { state: 'running', reason: null }
  if (job.spec?.suspend) {
    const queue = job.metadata?.labels?.[QUEUE_LABEL]
    return { state: 'waiting', reason: queue === undefined ? 'The job is suspended.' : null }
  }
  if (pods.some(({ status }) => status?.phase === 'Running')) return { state: 'running', reason: null }
  return { state: 'waiting', reason: active === 0 ? null : (pods.map(waitOf).find(Boolean) ?? null) }
}

function waitOf({ status }: V1Pod): string | undefined {
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')
  if (unscheduled) return unscheduled.message ?? unscheduled.reason
  const waits = status?.containerStatuses?.map(({ state }) => state?.waiting).find(Boolean)
  if (waits?.reason === undefined || ON_ITS_WAY.has(waits.reason)) return undefined
  return waits.message === undefined ? waits.reason : `${waits.reason}: ${waits.message}`
}

function endOf({ status }: V1Pod): string | undefined {
  const ended = status?.containerStatuses
    ?.map(({ state }) => state?.terminated)
    .find((one) => one && one.exitCode !== 0)
  if (!ended) return status?.reason && `${status.reason}${status.message === undefined ? '' : `: ${status.message}`}`
  const said = ended.message?.trim().split('\n').at(-1)
  return `${ended.reason ?? 'Its process ended'} with exit code ${ended.exitCode}${said ? `: ${said}` : ''}`
}
