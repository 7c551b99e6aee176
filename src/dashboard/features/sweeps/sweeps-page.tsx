import type { Sweep } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { sweepList } from '../../data/queries/sweeps.ts'
import { useList } from '../../data/use-list.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'
import { fieldName, statusesInWords, variedFields } from './sweep-words.ts'

const COLUMNS = ['Sweep', 'Varies', 'Trials', 'Runs', 'Objective', 'Created']

export function SweepsPage() {
  const list = useList(sweepList(useClient()))
  return (
    <PageFrame
      title="Sweeps"
      actions={
        <a className="button primary" href={href.newSweep()}>
          New sweep
        </a>
      }
    >
      <List
        list={list}
        label="Sweeps"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={sweepCells}
        empty={
          <>
            No sweep yet. <a href={href.newSweep()}>Start runs that differ in some fields</a>
          </>
        }
      />
    </PageFrame>
  )
}

const sweepCells = (sweep: Sweep) => [
  <div key="name">
    <a href={href.sweep(sweep.id)}>{sweep.name ?? sweep.id}</a>
    {sweep.name !== null && <div className="id muted small mono">{sweep.id}</div>}
  </div>,
  variedFields(sweep).map(fieldName).join(', '),
  formatCount(sweep.trial_count),
  statusesInWords(sweep),
  sweep.objective ? `${sweep.objective.direction} ${sweep.objective.metric}` : '–',
  <Ago key="created" at={sweep.created_at} />
]
