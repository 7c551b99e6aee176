import type { Dataset } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { datasetList } from '../../data/queries/datasets.ts'
import { useList } from '../../data/use-list.ts'
import { href } from '../../router.ts'

const COLUMNS = ['Dataset', 'Latest version', 'Created']

export function DatasetsPage() {
  const list = useList(datasetList(useClient()))
  return (
    <PageFrame
      title="Datasets"
      actions={
        <a className="button primary" href={href.newDataset()}>
          New dataset
        </a>
      }
    >
      <List
        list={list}
        label="Datasets"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={datasetCells}
        empty={
          <>
            No dataset yet. <a href={href.newDataset()}>Upload images</a>
          </>
        }
      />
    </PageFrame>
  )
}

const datasetCells = (dataset: Dataset) => [
  <div key="name">
    <a href={href.dataset(dataset.id)}>{dataset.name}</a>
    <div className="id muted small mono">{dataset.id}</div>
  </div>,
  dataset.latest_version === null ? 'none is ready' : `version ${dataset.latest_version}`,
  <Ago key="created" at={dataset.created_at} />
]
