/** The dashboard writes down what it reads of the API. tsc holds that against the API's schemas; a run of this does little. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Static } from 'typebox'
import type * as Wire from '../../../src/dashboard/api/wire.ts'
import type * as Models from '../../../src/dashboard/api/wire-models.ts'
import type * as Runs from '../../../src/dashboard/api/wire-runs.ts'
import { isFinished, RUN_STATUSES, type RunStatus } from '../../../src/dashboard/api/wire-runs.ts'
import { RUN_STATUSES as DOMAIN_STATUSES, isFinished as isFinishedInDomain } from '../../../src/domain/run.ts'
import type { Dataset } from '../../../src/http/schemas/dataset.ts'
import type { DatasetVersion, DatasetVersionList, RejectedFile } from '../../../src/http/schemas/dataset-version.ts'
import type { IssuedKey, Key } from '../../../src/http/schemas/key.ts'
import type { ArtifactList, Kappa, Model, Prototype } from '../../../src/http/schemas/model.ts'
import type { Run, ValidatedRun } from '../../../src/http/schemas/run.ts'
import type { Checkpoint, Metrics, RunEvent } from '../../../src/http/schemas/run-records.ts'
import type { Assignments } from '../../../src/http/schemas/serving.ts'
import type { StartedUpload } from '../../../src/http/schemas/upload.ts'

/** Compiles where what the API sends is what the page takes. */
type Sends<Sent extends Taken, Taken> = [Sent, Taken]
/** Objects that the schema leaves open (recipes, event data) are typed by the page alone. */
type Open<T, Names extends keyof T> = Omit<T, Names>

export type Checked = [
  Sends<Static<typeof Key>, Wire.Key>,
  Sends<Static<typeof IssuedKey>, Wire.NewKey>,
  Sends<Static<typeof Dataset>, Wire.Dataset>,
  Sends<Static<typeof DatasetVersion>, Wire.DatasetVersion>,
  Sends<Static<typeof DatasetVersionList>, Wire.Page<Wire.DatasetVersion>>,
  Sends<Static<typeof RejectedFile>, Wire.RejectedFile>,
  Sends<Static<typeof StartedUpload>, Wire.Upload>,
  Sends<Static<typeof Run>, Open<Runs.Run, 'resolved_recipe'>>,
  Sends<Static<typeof ValidatedRun>, Open<Runs.RunPlan, 'resolved_recipe'>>,
  Sends<Static<typeof RunEvent>, Open<Runs.RunEvent, 'data'>>,
  Sends<Static<typeof Metrics>, Runs.Metrics>,
  Sends<Static<typeof Checkpoint>, Runs.Checkpoint>,
  Sends<Static<typeof Model>, Models.Model>,
  Sends<Static<typeof ArtifactList>, Models.Artifacts>,
  Sends<Static<typeof Prototype>, Models.Prototype>,
  Sends<Static<typeof Kappa>, Models.KappaSummary>,
  Sends<Static<typeof Assignments>, Models.Assignments>
]

test('the pages know every status of a run, and which of them are ends', () => {
  assert.deepEqual([...RUN_STATUSES], [...DOMAIN_STATUSES])
  const ends = (isEnd: (run: { readonly status: RunStatus }) => boolean) =>
    RUN_STATUSES.filter((status) => isEnd({ status }))
  assert.deepEqual(ends(isFinished), ends(isFinishedInDomain))
})
