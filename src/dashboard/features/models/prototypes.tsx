import { useState } from 'react'
import type { Prototype } from '../../api/wire-models.ts'
import { List } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { usePage } from '../../data/use-page.ts'
import { formatCount, formatDegrees, formatNumber, formatPercent } from '../../format.ts'

const SORTS = [
  ['-usage', 'most used first'],
  ['-kappa', 'tightest first'],
  ['kappa', 'widest first'],
  ['usage', 'least used first'],
  ['index', 'by number']
] as const

type Sort = (typeof SORTS)[number][0]

const COLUMNS = ['Prototype', 'κ', 'Angle', 'Usage', 'Mean probability', 'Nearest', 'Repeats']

export function Prototypes({ path }: { readonly path: string }) {
  const [sort, setSort] = useState<Sort>('-usage')
  const list = usePage<Prototype>(`${path}/prototypes?sort=${sort}`, 20)
  return (
    <Section
      title="Prototypes"
      hint="Usage: training images whose likeliest prototype it is. Angle: arccos A_p(κ), how far its images are on average."
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
    formatDegrees(prototype.expected_cosine),
    formatCount(prototype.usage),
    formatPercent(prototype.mean_probability, 2),
    nearest ? `${nearest.prototype} at ${formatDegrees(nearest.cosine)}` : '–',
    prototype.duplicates_of ?? '–'
  ]
}

function SortSelect({ sort, onSort }: { readonly sort: Sort; readonly onSort: (sort: Sort) => void }) {
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
