import { useMemo, useState } from 'react'
import type { VectorMap } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Section } from '../../components/section.tsx'
import type { VersionName } from '../../data/queries/images.ts'
import { useSettled } from '../../data/use-settled.ts'
import { formatCount, formatMany, formatPercent } from '../../format.ts'
import { Thumbnail } from '../images/thumbnail.tsx'
import { COLOURING_WORDS, type Colouring, colouringsOf, coloursOf } from './colours.ts'
import { MapCanvas } from './map-canvas.tsx'
import { MapLegend } from './map-legend.tsx'
import { MapSelection } from './map-selection.tsx'
import { inside, pointsOf } from './points.ts'
import type { Hovered } from './view.ts'

interface Props {
  readonly map: VectorMap
  readonly of: VersionName
}

/** Of a pointer that stays: pictures are not asked for along its way. */
const SETTLED_MS = 120
const PREVIEW = 192

export function MapView({ map, of }: Props) {
  const points = useMemo(() => pointsOf(map), [map])
  const possible = useMemo(() => colouringsOf(map), [map])
  const [colouring, setColouring] = useState<Colouring | null>(possible[0] ?? null)
  const colours = useMemo(() => coloursOf(map, colouring), [map, colouring])
  const [selected, setSelected] = useState<readonly number[] | null>(null)
  const [isSelecting, setIsSelecting] = useState(false)
  const [hovered, setHovered] = useState<Hovered | null>(null)
  const labelAt = (point: number) => map.labels[map.label[point] ?? -1] ?? null
  return (
    <>
      <Section
        title="Images"
        hint="Near where the model finds them alike, as far as two directions of many can show it."
      >
        <MapFacts map={map} />
        <div className="actions map-choices">
          <ColouringChoice possible={possible} value={colouring} onChange={setColouring} />
          <button type="button" aria-pressed={isSelecting} onClick={() => setIsSelecting(!isSelecting)}>
            Draw a line around images
          </button>
        </div>
        <div className="map-holder">
          <MapCanvas
            label={`Map of ${formatMany(points.count, 'image')}`}
            points={points}
            colours={colours.values}
            selected={selected}
            isSelecting={isSelecting}
            onSelect={(line) => setSelected(inside(points, line))}
            onHover={setHovered}
          />
          {hovered && (
            <Preview hovered={hovered} index={hovered.point * map.every} label={labelAt(hovered.point)} of={of} />
          )}
        </div>
        <MapLegend colours={colours} />
      </Section>
      {selected !== null && (
        <MapSelection
          of={of}
          indexes={selected.map((point) => point * map.every)}
          labelOf={(index) => labelAt(index / map.every)}
          onClear={() => setSelected(null)}
        />
      )}
    </>
  )
}

function MapFacts({ map: { images, every, fitted_on: fittedOn, explained } }: Pick<Props, 'map'>) {
  const [across = 0, up = 0] = explained
  return (
    <Facts
      facts={[
        ['Images', every === 1 ? formatCount(images) : `${formatCount(images)}, every ${every}th of the dataset`],
        ['Axes', fittedOn === images ? 'two principal components' : `principal components of ${formatCount(fittedOn)}`],
        ['Variance shown', formatPercent(across + up, 1)],
        ['Across, up', `${formatPercent(across, 1)}, ${formatPercent(up, 1)}`]
      ]}
    />
  )
}

interface ChoiceProps {
  readonly possible: readonly Colouring[]
  readonly value: Colouring | null
  readonly onChange: (colouring: Colouring | null) => void
}

function ColouringChoice({ possible, value, onChange }: ChoiceProps) {
  return (
    <label className="filter">
      Colour by
      <select
        value={value ?? ''}
        onChange={({ target }) => onChange(possible.find((one) => one === target.value) ?? null)}
      >
        <option value="">nothing</option>
        {possible.map((one) => (
          <option key={one} value={one}>
            {COLOURING_WORDS[one]}
          </option>
        ))}
      </select>
    </label>
  )
}

interface PreviewProps {
  readonly hovered: Hovered
  readonly index: number
  readonly label: string | null
  readonly of: VersionName
}

/** Beside the pointer, never under it. */
function Preview({ hovered: { at }, index, label, of }: PreviewProps) {
  const settled = useSettled(index, SETTLED_MS)
  return (
    <div
      className="map-preview"
      style={{ left: `min(${at[0] + 14}px, 100% - 140px)`, top: `min(${at[1] + 14}px, 100% - 180px)` }}
    >
      {settled === index && <Thumbnail key={index} image={{ ...of, index }} size={PREVIEW} alt="" />}
      <span className="small">
        image {formatCount(index)} {label !== null && <b>{label}</b>}
      </span>
    </div>
  )
}
