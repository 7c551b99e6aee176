import { useState } from 'react'
import type { FittedComponent, Prototype } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { type PrototypeSort, prototypeList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { formatCount, formatDegrees, formatNumber } from '../../format.ts'
import { href } from '../../router.ts'

const SORTS = [
  ['-usage', 'most used first'],
  ['usage', 'least used first'],
  ['-fitted_kappa', 'largest fitted κ first'],
  ['fitted_kappa', 'smallest fitted κ first'],
  ['-kappa', "largest teacher's κ first"],
  ['kappa', "smallest teacher's κ first"],
  ['index', 'by number']
] as const satisfies readonly (readonly [PrototypeSort, string])[]

const COLUMNS = [
  'Prototype',
  'Images it wins',
  "Teacher's κ",
  'Nearest',
  'Repeats',
  'Component begun there: images',
  'Fitted κ',
  'Angle of its images'
]

export function Prototypes({ id }: { readonly id: string }) {
  const [sort, setSort] = useState<PrototypeSort>('-usage')
  const list = useList(prototypeList(useClient(), id, sort))
  return (
    <Section
      title="Prototypes"
      hint="A fitted component begins at what a prototype wins and moves on: its images are others, and κ and angle are measured on them."
      actions={
        <div className="actions">
          <a className="button" href={href.explorer(id)}>
            See their images
          </a>
          <a className="button" href={href.matching(id)}>
            Compare with another version
          </a>
          <SortSelect sort={sort} onSort={setSort} />
        </div>
      }
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
    <a key="prototype" href={href.prototype(prototype.model, prototype.index)}>
      {prototype.index}
    </a>,
    formatCount(prototype.usage),
    formatNumber(prototype.kappa),
    nearest ? `${nearest.prototype} at ${formatDegrees(nearest.cosine)}` : '–',
    prototype.duplicates_of ?? '–',
    prototype.fitted ? formatCount(prototype.fitted.usage) : '–',
    prototype.fitted ? fittedKappa(prototype.fitted) : '–',
    prototype.fitted?.angle_degrees ? angles(prototype.fitted.angle_degrees) : '–'
  ]
}

export const fittedKappa = ({ kappa, kappa_interval: interval }: FittedComponent): string =>
  interval === null
    ? formatNumber(kappa)
    : `${formatNumber(kappa)} (95 %: ${formatNumber(interval[0], 3)} – ${formatNumber(interval[1], 3)})`

/** The middle nine tenths of them, around the median. */
export const angles = ({ p5, p50, p95 }: NonNullable<FittedComponent['angle_degrees']>): string =>
  `${formatNumber(p50, 3)}° (${formatNumber(p5, 3)}° – ${formatNumber(p95, 3)}°)`

interface SortProps {
  readonly sort: PrototypeSort
  readonly onSort: (sort: PrototypeSort) => void
}

export function SortSelect({ sort, onSort }: SortProps) {
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
