import type { Checkpoint, Run } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { checkpointList } from '../../data/queries/runs.ts'
import { useList } from '../../data/use-list.ts'
import { formatBytes, formatCount, formatNumber } from '../../format.ts'
import { CheckpointActions } from './checkpoint-actions.tsx'
import { policyInWords } from './checkpoint-policy.ts'
import { KeepCheckpoint } from './keep-checkpoint.tsx'

const COLUMNS = ['Step', 'Epoch', 'Loss', 'Size', 'Saved', 'Status', 'Keep', '']

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

export function Checkpoints({ run }: { readonly run: Run }) {
  const list = useList(checkpointList(useClient(), run.id))
  return (
    <Section title="Checkpoints" hint={policyInWords(run.checkpoint)}>
      <List
        list={list}
        label="Checkpoints"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={(checkpoint) => checkpointCells(checkpoint, run)}
        empty="No checkpoint yet."
      />
    </Section>
  )
}

const checkpointCells = (checkpoint: Checkpoint, run: Run) => [
  <div key="step" title={`${checkpoint.id}, state hash ${checkpoint.state_hash}`}>
    {formatCount(checkpoint.step)}
    <div className="id muted small mono break">{checkpoint.id}</div>
  </div>,
  formatCount(checkpoint.epoch),
  formatNumber(checkpoint.metrics['loss']),
  <span key="size" className="nowrap">
    {formatBytes(checkpoint.bytes)}
  </span>,
  <Ago key="saved" at={checkpoint.created_at} />,
  <StatusBadge key="status" status={checkpoint.status} />,
  <div key="keep" className="small">
    <KeepCheckpoint checkpoint={checkpoint} />{' '}
    <span className="muted">{checkpoint.kept_because.map((reason) => STAYS_AS[reason]).join(', ')}</span>
  </div>,
  <CheckpointActions key="actions" checkpoint={checkpoint} run={run} />
]
