import { List } from '../../components/list.tsx'
import { NameFilter } from '../../components/name-filter.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { useClient } from '../../data/api.ts'
import { modelList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { MODEL_COLUMNS, modelCells } from './model-cells.tsx'

export function ModelsPage({ query }: { readonly query: URLSearchParams }) {
  const name = query.get('name') ?? ''
  const list = useList(modelList(useClient(), name === '' ? {} : { name }))
  const isEmpty = name === '' && list.items?.length === 0
  return (
    <PageFrame title="Models">
      {!isEmpty && (
        <NameFilter key={name} name={name} onSearch={(part) => goTo(href.models(part === '' ? {} : { name: part }))} />
      )}
      <List
        list={list}
        label="Models"
        columns={MODEL_COLUMNS}
        keyOf={({ id }) => id}
        row={modelCells}
        empty={
          name === '' ? (
            <>
              No model yet: one is made from the last checkpoint of each run. <a href={href.newRun()}>Start a run</a>
            </>
          ) : (
            'No model has that in its name.'
          )
        }
      />
    </PageFrame>
  )
}
