import type { Dataset, DatasetVersion, Page } from '../../api/wire.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { useAction } from '../../data/use-action.ts'
import { goTo } from '../../data/use-location.ts'
import { usePage } from '../../data/use-page.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { VersionCard } from './version-card.tsx'

const INGEST_POLL_MS = 1000

const isMoving = ({ status }: DatasetVersion): boolean => status === 'queued' || status === 'ingesting'
const pollMs = (page: Page<DatasetVersion>): number | null => (page.data.some(isMoving) ? INGEST_POLL_MS : null)

export function DatasetPage({ id }: { readonly id: string }) {
  const path = `/v1/datasets/${encodeURIComponent(id)}`
  const { data: dataset, problem, refresh } = useResource<Dataset>(path)
  const parent = { href: href.datasets(), name: 'Datasets' }
  if (dataset === null) {
    return (
      <PageFrame title="Dataset" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={refresh} /> : <Skeleton label="dataset" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame title={dataset.name} parent={parent} actions={<RemoveDataset dataset={dataset} />}>
      <section className="card" aria-label="Dataset">
        <Facts
          facts={[
            [
              'Id',
              <span key="id" className="mono">
                {dataset.id}
              </span>
            ],
            ['Created', <Ago key="created" at={dataset.created_at} />],
            ...Object.entries(dataset.metadata).map(([name, value]) => [name, String(value)] as const)
          ]}
        />
      </section>
      <Versions path={path} datasetId={dataset.id} />
    </PageFrame>
  )
}

function Versions({ path, datasetId }: { readonly path: string; readonly datasetId: string }) {
  const { data, problem, refresh, previous, next, pageNumber } = usePage<DatasetVersion>(`${path}/versions`, 5, {
    pollMs
  })
  if (data === null) {
    return problem ? <ProblemNotice problem={problem} onRetry={refresh} /> : <Skeleton label="versions" />
  }
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {data.data.length === 0 && <div className="empty">No version yet: nothing was ingested into this dataset.</div>}
      {data.data.map((version) => (
        <VersionCard key={version.version} version={version} datasetId={datasetId} />
      ))}
      {(previous || next) && (
        <nav className="pager" aria-label="Pages of versions">
          <button type="button" disabled={!previous} onClick={previous ?? undefined}>
            Newer
          </button>
          <span>Page {pageNumber}</span>
          <button type="button" disabled={!next} onClick={next ?? undefined}>
            Older
          </button>
        </nav>
      )}
    </>
  )
}

function RemoveDataset({ dataset }: { readonly dataset: Dataset }) {
  const client = useClient()
  const remove = useAction<[]>(async (signal) => {
    await client.send('DELETE', `/v1/datasets/${encodeURIComponent(dataset.id)}`, { signal })
    goTo(href.datasets())
  })
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${dataset.name}?`}
      confirm="Delete the dataset"
      dismiss="Keep it"
      action={remove}
    >
      <p>All its versions and images are removed. Models and checkpoints made from it stay.</p>
    </ConfirmButton>
  )
}
