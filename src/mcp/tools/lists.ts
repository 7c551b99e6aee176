/** What there is: runs, models, datasets, and how much of its quotas the project uses. */
import { type Static, Type } from 'typebox'
import { dataOf, type KappaClient } from '../../client/client.ts'
import type { Page, Run } from '../../client/resources.ts'
import { RUN_STATUSES } from '../../client/run-status.ts'
import { defineTool, READS } from '../tool.ts'

export const Paging = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Items in a page, 20 by default.' })),
  after: Type.Optional(Type.String({ description: 'next_cursor of the page before.' }))
}
const Named = {
  name: Type.Optional(Type.String({ description: 'A part of the name, in upper or lower case alike.' }))
}
const Strict = { additionalProperties: false }

type Paged = Static<ReturnType<typeof Type.Object<typeof Paging>>>
export const pageOf = ({ limit = 20, after }: Paged) => ({ limit, ...(after !== undefined && { after }) })

const namedAs = (name: string | undefined) => (name === undefined ? {} : { name })

export const listed = <T>({ data, has_more, next_cursor }: Page<T>, show: (one: T) => unknown) => ({
  data: data.map(show),
  has_more,
  next_cursor
})

/** Without the recipe, which is a hundred lines; get_run has it. */
export function summaryOf(run: Run) {
  const { id, name, status, status_reason, dataset, method, arch, progress, images_per_second, eta_s } = run
  const { latest_checkpoint, model, error, created_at, finished_at } = run
  const state = { status, status_reason, progress, images_per_second, eta_s, error }
  return { id, name, dataset, method, arch, ...state, latest_checkpoint, model, created_at, finished_at }
}

const listRuns = defineTool({
  name: 'list_runs',
  title: 'List runs',
  description: 'Training runs of the project, newest first, without their recipes.',
  annotations: READS,
  input: Type.Object(
    {
      status: Type.Optional(Type.Enum([...RUN_STATUSES])),
      dataset: Type.Optional(Type.String({ description: 'ds_…@3, or ds_… for any version.' })),
      ...Named,
      ...Paging
    },
    Strict
  ),
  async run({ status, dataset, name, ...paging }, { client, signal }) {
    const query = {
      ...pageOf(paging),
      ...namedAs(name),
      ...(status && { status }),
      ...(dataset !== undefined && { dataset })
    }
    return listed(await dataOf(client.GET('/v1/runs', { params: { query }, signal })), summaryOf)
  }
})

const listModels = defineTool({
  name: 'list_models',
  title: 'List models',
  description:
    'Models of the project, newest first: status, versions of a name, aliases, sizes, and what its mixture says.',
  annotations: READS,
  input: Type.Object({ ...Named, ...Paging }, Strict),
  async run({ name, ...paging }, { client, signal }) {
    const query = { ...pageOf(paging), ...namedAs(name) }
    const page = await dataOf(client.GET('/v1/models', { params: { query }, signal }))
    return listed(page, ({ id, name, version, aliases, run, status, config, mixture, error, created_at }) => ({
      ...{ id, name, version, aliases, run, status, config, mixture, error, created_at }
    }))
  }
})

const listDatasets = defineTool({
  name: 'list_datasets',
  title: 'List datasets',
  description: 'Datasets of the project, newest first, with the status of their latest version.',
  annotations: READS,
  input: Type.Object({ ...Named, ...Paging }, Strict),
  async run({ name, ...paging }, { client, signal }) {
    const query = { ...pageOf(paging), ...namedAs(name) }
    const page = await dataOf(client.GET('/v1/datasets', { params: { query }, signal }))
    return listed(page, (dataset) => dataset)
  }
})

const quotaUsage = defineTool({
  name: 'quota_usage',
  title: 'Quotas and what is used of them',
  description:
    'What each project that this key sees may have and what it uses: queued runs, stored bytes, devices, requests and pixels a ' +
    'minute. null is no limit. Needs a key with the scope admin.',
  annotations: READS,
  input: Type.Object(Paging, Strict),
  async run(paging, { client, signal }) {
    const page = await dataOf(client.GET('/v1/projects', { params: { query: pageOf(paging) }, signal }))
    return listed(page, ({ id, name, quotas, usage }) => ({ id, name, quotas, usage }))
  }
})

export const LIST_TOOLS = [listRuns, listModels, listDatasets, quotaUsage]

export const runOf = (client: KappaClient, id: string, signal: AbortSignal): Promise<Run> =>
  dataOf(client.GET('/v1/runs/{id}', { params: { path: { id } }, signal }))
