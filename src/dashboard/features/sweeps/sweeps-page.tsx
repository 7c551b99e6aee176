import type { Sweep } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { NameFilter } from '../../components/name-filter.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { sweepList } from '../../data/queries/sweeps.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'
import { fieldName, statusesInWords, variedFields } from './sweep-words.ts'

const COLUMNS = ['Sweep', 'Varies', 'Trials', 'Runs', 'Objective', 'Created']

export function SweepsPage({ query }: { readonly query: URLSearchParams }) {
  const name = query.get('name') ?? ''
  const list = useList(sweepList(useClient(), name === '' ? {} : { name }))
  const isEmpty = name === '' && list.items?.length === 0
  return (
    <PageFrame
      title="Sweeps"
      actions={
        <a className="button primary" href={href.newSweep()}>
          New sweep
        </a>
      }
    >
      {!isEmpty && (
        <NameFilter key={name} name={name} onSearch={(part) => goTo(href.sweeps(part === '' ? {} : { name: part }))} />
      )}
      <List
        list={list}
        label="Sweeps"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={sweepCells}
        empty={
          name === '' ? (
            <>
              No sweep yet. <a href={href.newSweep()}>Start runs that differ in some fields</a>
            </>
          ) : (
            'No sweep has that in its name.'
          )
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
