import type { Model } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { modelList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'

const COLUMNS = ['Status', 'Model', 'Method', 'Embedding', 'Prototypes', 'Step', 'Created']

export function ModelsPage() {
  const list = useList(modelList(useClient()))
  return (
    <PageFrame title="Models">
      <List
        list={list}
        label="Models"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={modelCells}
        empty={
          <>
            No model yet: one is made from the last checkpoint of each run. <a href={href.newRun()}>Start a run</a>
          </>
        }
      />
    </PageFrame>
  )
}

const modelCells = (model: Model) => [
  <StatusBadge key="status" status={model.status} />,
  <div key="name">
    <a href={href.model(model.id)}>{model.name ?? model.id}</a>
    {model.version !== null && <span className="muted"> @{[model.version, ...model.aliases].join(', @')}</span>}
    {model.name !== null && <div className="id muted small mono">{model.id}</div>}
  </div>,
  model.config ? (
    <span key="method">
      {model.config.method ?? 'embeddings only'} <span className="muted">{model.config.arch}</span>
    </span>
  ) : (
    '–'
  ),
  model.config ? `${model.config.embedding_dim} dim` : '–',
  formatCount(model.config?.prototypes),
  formatCount(model.step),
  <Ago key="created" at={model.created_at} />
]
