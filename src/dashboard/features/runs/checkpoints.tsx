import { useEffect } from 'react'
import type { Checkpoint, Run } from '../../api/wire-runs.ts'
import { List } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { usePage } from '../../data/use-page.ts'
import { formatBytes, formatCount, formatNumber } from '../../format.ts'

const COLUMNS = ['Step', 'Epoch', 'Loss', 'Size', 'Saved', 'Status', 'Checkpoint']

interface Props {
  readonly run: Run
  /** Grows when the run has changed: there may be a new checkpoint. */
  readonly changes: number
}

export function Checkpoints({ run, changes }: Props) {
  const list = usePage<Checkpoint>(`/v1/runs/${encodeURIComponent(run.id)}/checkpoints`, 10)
  const { refresh } = list
  useEffect(() => {
    if (changes > 0) refresh()
  }, [changes, refresh])
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
  <span key="id" className="mono small" title={`State hash ${checkpoint.state_hash}`}>
    {checkpoint.id}
  </span>
]
