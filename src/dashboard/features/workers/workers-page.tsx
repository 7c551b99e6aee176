import type { Worker } from '../../../client/resources.ts'
import { Skeleton, Table } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { workersQuery } from '../../data/queries/installation.ts'
import { useResource } from '../../data/use-resource.ts'
import { offerInWords } from './worker-words.ts'

const COLUMNS = ['State', 'Why', 'Node', 'Trains with', 'Heard of', 'Started']

export function WorkersPage() {
  const { data: workers, problem, retry } = useResource(workersQuery(useClient()))
  return (
    <PageFrame title="Workers">
      <p className="muted small lead">
        A worker that rests takes no new work for a while, for the reason given; the first thing that works ends that.
        One that is lost has not been heard of for a minute.
      </p>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {workers === null && !problem && <Skeleton label="workers" />}
      {workers?.length === 0 && (
        <div className="empty">
          No worker is there: what is queued waits until one is. <code>npm run worker</code> starts one.
        </div>
      )}
      {workers !== null && workers.length > 0 && (
        <Table
          label="Workers"
          columns={COLUMNS}
          rows={workers.map((worker) => ({ key: worker.name, cells: workerCells(worker) }))}
        />
      )}
    </PageFrame>
  )
}

const workerCells = (worker: Worker) => [
  <StatusBadge key="state" status={worker.state} />,
  worker.reason ?? '–',
  <div key="node">
    {worker.node}
    <div className="id muted small mono">{worker.name}</div>
  </div>,
  <Offers key="offers" worker={worker} />,
  <Ago key="seen" at={worker.seen_at} />,
  <Ago key="started" at={worker.started_at} />
]

function Offers({ worker: { offers, problem } }: { readonly worker: Worker }) {
  return (
    <>
      {offers.length === 0 && <div>nothing</div>}
      {offers.map((offer) => (
        <div key={`${offer.engine} ${offer.device}`}>{offerInWords(offer)}</div>
      ))}
      {problem !== null && <div className="field-error small">{problem}</div>}
    </>
  )
}
