import { List } from '../../components/list.tsx'
import { useClient } from '../../data/api.ts'
import { rejectedList } from '../../data/queries/datasets.ts'
import { useList } from '../../data/use-list.ts'
import { formatCount } from '../../format.ts'

interface Props {
  readonly datasetId: string
  readonly version: number
  readonly count: number
}

export function RejectedFiles({ datasetId, version, count }: Props) {
  const list = useList(rejectedList(useClient(), datasetId, version))
  return (
    <>
      <h3>{formatCount(count)} rejected</h3>
      <List
        list={list}
        label="Rejected files"
        columns={['File', 'Reason']}
        keyOf={({ name }) => name}
        row={({ name, code, message }) => [
          <span key="name" className="mono small break">
            {name}
          </span>,
          <span key="reason">
            {message} <code className="muted small">{code}</code>
          </span>
        ]}
        empty="The list of rejected files is empty."
      />
    </>
  )
}
