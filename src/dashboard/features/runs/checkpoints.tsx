import type { Checkpoint } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { checkpointList } from '../../data/queries/runs.ts'
import { useList } from '../../data/use-list.ts'
import { formatBytes, formatCount, formatNumber } from '../../format.ts'
import { KeepCheckpoint } from './keep-checkpoint.tsx'

const COLUMNS = ['Step', 'Epoch', 'Loss', 'Size', 'Saved', 'Status', 'Keep', 'Stays as', 'Checkpoint']

/** Nothing where the run's policy removes it next. */
const STAYS_AS = {
  user: 'kept',
  last: 'newest',
  epoch: 'first after epochs',
  best: 'best',
  model: "a model's",
  run: "a run's",
  evaluation: 'being measured'
} as const satisfies Record<Checkpoint['kept_because'][number], string>

export function Checkpoints({ runId }: { readonly runId: string }) {
  const list = useList(checkpointList(useClient(), runId))
  return (
    <Section title="Checkpoints">
      <List
        list={list}
        label="Checkpoints"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={checkpointCells}
        empty="No checkpoint yet."
      />
    </Section>
  )
}

const checkpointCells = (checkpoint: Checkpoint) => [
  formatCount(checkpoint.step),
  formatCount(checkpoint.epoch),
  formatNumber(checkpoint.metrics['loss']),
  <span key="size" className="nowrap">
    {formatBytes(checkpoint.bytes)}
  </span>,
  <Ago key="saved" at={checkpoint.created_at} />,
  <StatusBadge key="status" status={checkpoint.status} />,
  <KeepCheckpoint key="keep" checkpoint={checkpoint} />,
  checkpoint.kept_because.map((reason) => STAYS_AS[reason]).join(', '),
  <span key="id" className="mono small" title={`State hash ${checkpoint.state_hash}`}>
    {checkpoint.id}
  </span>
]
