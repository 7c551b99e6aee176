import type { Dataset } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { NameFilter } from '../../components/name-filter.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { datasetList } from '../../data/queries/datasets.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'

const COLUMNS = ['Dataset', 'Latest version', 'Created']

export function DatasetsPage({ query }: { readonly query: URLSearchParams }) {
  const name = query.get('name') ?? ''
  const list = useList(datasetList(useClient(), name))
  const isEmpty = name === '' && list.items?.length === 0
  return (
    <PageFrame
      title="Datasets"
      actions={
        <a className="button primary" href={href.newDataset()}>
          New dataset
        </a>
      }
    >
      {!isEmpty && (
        <NameFilter
          key={name}
          name={name}
          onSearch={(part) => goTo(href.datasets(part === '' ? {} : { name: part }))}
        />
      )}
      <List
        list={list}
        label="Datasets"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={datasetCells}
        empty={
          name === '' ? (
            <>
              No dataset yet. <a href={href.newDataset()}>Upload images</a>
            </>
          ) : (
            'No dataset has that in its name.'
          )
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
