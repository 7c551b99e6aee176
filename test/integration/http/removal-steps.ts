/** What tests of removals make and ask. */
import assert from 'node:assert/strict'
import type { Checkpoint } from '../../../src/domain/checkpoint.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { TestApp } from '../../helpers/app.ts'
import { aCheckpoint, aReadyVersion } from '../../helpers/records.ts'

export function removalSteps(api: TestApp) {
  const get = (path: string) => api.call('GET', path)
  const remove = (path: string) =>
    path.startsWith('/v1/models/uploads') ? api.call('POST', `${path}:delete`) : api.call('DELETE', path)
  const isThere = async (prefix: string): Promise<boolean> => {
    for await (const _ of api.objects.list(`${prefix}/`)) return true
    return false
  }

  async function aRun(patch: Partial<Run> = {}) {
    const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
    const { json } = await api.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })
    await api.stores.runs.update(json.id, { status: 'succeeded', finishedAt: new Date(), ...patch })
    return { id: json.id as string, path: `/v1/runs/${json.id}`, dataset }
  }

  async function aStoredCheckpoint(run: string, step: number, patch: Partial<Checkpoint> = {}) {
    const checkpoint = { ...aCheckpoint(run, api.projectId), step, prefix: `runs/${run}/e1/s${step}`, ...patch }
    await api.stores.checkpoints.insert(checkpoint)
    await api.stores.runs.update(run, { latestCheckpointId: checkpoint.id })
    await api.objects.put(`${checkpoint.prefix}/manifest.json`, Buffer.from('{}'))
    return { ...checkpoint, path: `/v1/runs/${run}/checkpoints/${checkpoint.id}` }
  }

  async function refused(path: string, code: string, usedBy?: readonly string[]): Promise<string> {
    const { status, json } = await remove(path)
    assert.deepEqual([status, json.code], [409, code], json.detail)
    if (usedBy) assert.deepEqual(json.used_by, usedBy)
    return json.detail
  }

  async function removed(path: string): Promise<void> {
    const answer = await remove(path)
    assert.equal(answer.status, 204, answer.text)
    assert.equal((await remove(path)).status, 404, 'again')
  }

  return { get, remove, isThere, aRun, aStoredCheckpoint, refused, removed }
}
