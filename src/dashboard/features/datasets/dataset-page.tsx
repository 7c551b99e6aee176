import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Dataset } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { Facts } from '../../components/facts.tsx'
import { Pager, Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { datasetQuery, refreshDataset, refreshDatasetLists, versionList } from '../../data/queries/datasets.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { EditButton } from '../description/edit-button.tsx'
import { VersionCard } from './version-card.tsx'

export function DatasetPage({ id }: { readonly id: string }) {
  const { data: dataset, problem, retry } = useResource(datasetQuery(useClient(), id))
  const parent = { href: href.datasets(), name: 'Datasets' }
  if (dataset === null) {
    return (
      <PageFrame title="Dataset" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="dataset" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame title={dataset.name} parent={parent} actions={<DatasetActions dataset={dataset} />}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      <section className="card" aria-label="Dataset">
        <Facts
          facts={[
            ['Created', <Ago key="created" at={dataset.created_at} />],
            ...Object.entries(dataset.metadata).map(([name, value]) => [name, String(value)] as const),
            [
              'Id',
              <span key="id" className="mono small">
                {dataset.id}
              </span>
            ]
          ]}
        />
      </section>
      <Versions datasetId={dataset.id} />
    </PageFrame>
  )
}

function Versions({ datasetId }: { readonly datasetId: string }) {
  const { items, problem, retry, pager } = useList(versionList(useClient(), datasetId))
  if (items === null) {
    return problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="versions" />
  }
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {items.length === 0 && <div className="empty">No version yet: nothing was ingested into this dataset.</div>}
      {items.map((version) => (
        <VersionCard key={version.version} version={version} datasetId={datasetId} />
      ))}
      <Pager pager={pager} label="versions" names={['Newer', 'Older']} />
    </>
  )
}

function DatasetActions({ dataset }: { readonly dataset: Dataset }) {
  const client = useClient()
  const queries = useQueryClient()
  const params = { path: { id: dataset.id } }
  return (
    <>
      <EditButton
        described={dataset}
        save={async ({ name, ...patch }) => {
          // What has a name in any case: an empty one is refused by the API, in its words.
          const body = { ...patch, ...(name !== undefined && { name: name ?? '' }) }
          await dataOf(client.PATCH('/v1/datasets/{id}', { params, body }))
          await refreshDataset(queries, dataset.id)
        }}
      />
      <RemoveDataset dataset={dataset} />
    </>
  )
}

function RemoveDataset({ dataset: { id, name } }: { readonly dataset: Dataset }) {
  const client = useClient()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/datasets/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      goTo(href.datasets())
      void refreshDatasetLists(queries)
    }
  })
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${name}?`}
      confirm="Delete the dataset"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>All its versions and images are removed. Models and checkpoints made from it stay.</p>
    </ConfirmButton>
  )
}
