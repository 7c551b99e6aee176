import { CopyButton } from '../../components/copy-button.tsx'
import { Section } from '../../components/section.tsx'
import type { VersionName } from '../../data/queries/images.ts'
import { formatCount } from '../../format.ts'
import { ImageTiles } from '../images/image-tiles.tsx'
import { MakeVersion } from './make-version.tsx'

interface Props {
  readonly of: VersionName
  /** Places in the dataset version, in their order. */
  readonly indexes: readonly number[]
  readonly labelOf: (index: number) => string | null
  readonly onClear: () => void
}

/** More pictures than this are looked at in the map. */
const MOST_SHOWN = 120

/** The images that a line was drawn around. */
export function MapSelection({ of, indexes, labelOf, onClear }: Props) {
  const shown = indexes.slice(0, MOST_SHOWN)
  return (
    <Section
      title={`${formatCount(indexes.length)} selected`}
      {...(indexes.length > shown.length && { hint: `The first ${MOST_SHOWN} of them are shown; the list has all.` })}
      actions={
        <div className="actions">
          <MakeVersion of={of} indexes={indexes} />
          <CopyButton text={JSON.stringify(indexes)} label="Copy their numbers" />
          <button type="button" onClick={onClear}>
            Select nothing
          </button>
        </div>
      }
    >
      {indexes.length === 0 ? (
        <div className="empty">No image lies there.</div>
      ) : (
        <ImageTiles
          of={of}
          label="Selected images"
          tiles={shown.map((index) => {
            const label = labelOf(index)
            return {
              index,
              title: `Image ${index}${label === null ? '' : `, ${label}`}`,
              caption: label ?? formatCount(index)
            }
          })}
        />
      )}
    </Section>
  )
}
