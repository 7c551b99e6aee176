import type { VectorSet } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { StatusFilter } from '../../components/status-filter.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { isBeingMade, vectorSetList } from '../../data/queries/vector-sets.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'
import { ResourceLink, ResourceName } from '../names/resource-link.tsx'
import { percentOf, VECTOR_SET_STATUSES } from './vector-set-words.ts'

const COLUMNS = ['Status', 'Vector set', 'Model', 'Dataset', 'Images', 'Searched', 'Created']

/** @param query from the address, where anything can be written: what is no status is no filter */
export function VectorSetsPage({ query }: { readonly query: URLSearchParams }) {
  const status = VECTOR_SET_STATUSES.find((one) => one === query.get('status')) ?? null
  const name = query.get('name') ?? ''
  const isFiltered = status !== null || name !== ''
  const list = useList(vectorSetList(useClient(), { ...(status && { status }), ...(name !== '' && { name }) }))
  const isEmpty = !isFiltered && list.items?.length === 0
  const create = (
    <a className="button primary" href={href.newVectorSet()}>
      New vector set
    </a>
  )
  return (
    <PageFrame title="Vector sets" actions={create}>
      {!isEmpty && (
        <StatusFilter
          key={name}
          statuses={VECTOR_SET_STATUSES}
          status={status}
          name={name}
          onChange={(chosen) => goTo(href.vectorSets(chosen))}
        />
      )}
      <List
        list={list}
        label="Vector sets"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={cells}
        empty={
          isFiltered ? (
            'No vector set is like that.'
          ) : (
            <>
              No vector set yet: the embeddings of a whole dataset, to be searched and seen as a map.{' '}
              <a href={href.newVectorSet()}>Embed a dataset</a>
            </>
          )
        }
      />
    </PageFrame>
  )
}

const cells = (set: VectorSet) => {
  const { id, name, status, model, dataset, progress, index, error } = set
  return [
    <StatusBadge key="status" status={status} />,
    <div key="name">
      <a href={href.vectorSet(id)} title={id}>
        {name ?? <ResourceName id={dataset} />}
      </a>
      {error && <div className="field-error small clip">{error.message}</div>}
    </div>,
    <ResourceLink key="model" id={model} />,
    <ResourceLink key="dataset" id={dataset} />,
    isBeingMade(set) ? (
      <span key="images" className="progress-cell">
        <ProgressBar percent={percentOf(set)} label={`Progress of ${name ?? id}`} />
        {formatCount(progress.images)} of {formatCount(progress.total_images)}
      </span>
    ) : (
      formatCount(progress.total_images)
    ),
    status === 'succeeded' || isBeingMade(set) ? (index ?? 'files alone') : '–',
    <Ago key="created" at={set.created_at} />
  ]
}
