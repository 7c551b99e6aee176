import { useState } from 'react'
import type { Prototype } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { type PrototypeSort, prototypeList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { formatCount, formatDegrees, formatNumber, formatPercent } from '../../format.ts'

const SORTS = [
  ['-usage', 'most used first'],
  ['-kappa', 'largest κ first'],
  ['kappa', 'smallest κ first'],
  ['usage', 'least used first'],
  ['index', 'by number']
] as const satisfies readonly (readonly [PrototypeSort, string])[]

const COLUMNS = ['Prototype', 'κ', 'Usage', 'Mean probability', 'Nearest', 'Repeats']

export function Prototypes({ id }: { readonly id: string }) {
  const [sort, setSort] = useState<PrototypeSort>('-usage')
  const list = useList(prototypeList(useClient(), id, sort))
  return (
    <Section
      title="Prototypes"
      hint="Usage: training images whose likeliest prototype it is."
      actions={<SortSelect sort={sort} onSort={setSort} />}
    >
      <List
        list={list}
        label="Prototypes"
        columns={COLUMNS}
        keyOf={({ index }) => index}
        row={prototypeCells}
        empty="This model has no prototypes on record."
      />
    </Section>
  )
}

const prototypeCells = (prototype: Prototype) => {
  const [nearest] = prototype.nearest
  return [
    prototype.index,
    formatNumber(prototype.kappa),
    formatCount(prototype.usage),
    formatPercent(prototype.mean_probability, 2),
    nearest ? `${nearest.prototype} at ${formatDegrees(nearest.cosine)}` : '–',
    prototype.duplicates_of ?? '–'
  ]
}

interface SortProps {
  readonly sort: PrototypeSort
  readonly onSort: (sort: PrototypeSort) => void
}

function SortSelect({ sort, onSort }: SortProps) {
  return (
    <select
      aria-label="Order of prototypes"
      value={sort}
      onChange={(event) => onSort(SORTS.find(([value]) => value === event.target.value)?.[0] ?? 'index')}
    >
      {SORTS.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  )
}
