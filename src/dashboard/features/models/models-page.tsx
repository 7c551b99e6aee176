import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { useClient } from '../../data/api.ts'
import { modelList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { href } from '../../router.ts'
import { MODEL_COLUMNS, modelCells } from './model-cells.tsx'

export function ModelsPage() {
  const list = useList(modelList(useClient()))
  return (
    <PageFrame title="Models">
      <List
        list={list}
        label="Models"
        columns={MODEL_COLUMNS}
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
