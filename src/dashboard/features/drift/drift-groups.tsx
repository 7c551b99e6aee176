import { Fragment, useState } from 'react'
import type { Drift, DriftGroup } from '../../../client/resources.ts'
import { Choice } from '../../components/choice.tsx'
import { Table } from '../../components/list.tsx'
import { formatCount, formatNumber } from '../../format.ts'
import { href } from '../../router.ts'
import { restOf, tellingWindow, timesWords, windowsOf } from './drift-words.ts'

interface Props {
  readonly drift: Drift
}

const COLUMNS = ['Prototypes', 'Images', 'Expected', 'Came', 'Its part of the PSI']

/** Which prototypes come more or less often than in training, in one window. */
export function DriftGroups({ drift }: Props) {
  const comparable = windowsOf(drift).filter(({ groups }) => groups.length > 0)
  const [chosen, choose] = useState('')
  const shown = comparable.find(({ number }) => String(number) === chosen) ?? tellingWindow(comparable)
  if (shown === undefined) return null
  return (
    <>
      <h3>What differs most</h3>
      {comparable.length > 1 && (
        <div className="fields">
          <Choice
            label="In the window"
            value={String(shown.number)}
            options={comparable.map(({ number, over, ended_at: ended }) => {
              const state = ended === null ? ', being counted' : over ? ', over' : ''
              return [String(number), `${number}${state}`] as const
            })}
            error={null}
            onChange={choose}
          />
        </div>
      )}
      <Table
        label={`Groups of prototypes of window ${shown.number}`}
        columns={COLUMNS}
        rows={shown.groups.map((group) => ({
          key: group.prototypes[0] ?? 'none',
          cells: [
            <Members key="members" model={drift.model} group={group} />,
            formatCount(group.images),
            formatNumber(group.expected_images, 3),
            <span key="came" className="nowrap">
              {timesWords(group)}
            </span>,
            formatNumber(group.psi, 3)
          ]
        }))}
      />
    </>
  )
}

function Members({ model, group }: { readonly model: string; readonly group: DriftGroup }) {
  const rest = restOf(group)
  return (
    <>
      {group.prototypes.map((prototype, place) => (
        <Fragment key={prototype}>
          {place > 0 && ', '}
          <a href={href.prototype(model, prototype)}>{prototype}</a>
        </Fragment>
      ))}
      {rest > 0 && ` and ${formatCount(rest)} more`}
    </>
  )
}
