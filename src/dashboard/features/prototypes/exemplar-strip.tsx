import { useState } from 'react'
import type { PrototypeImages } from '../../../client/resources.ts'
import type { VersionName } from '../../data/queries/images.ts'
import { formatPercent } from '../../format.ts'
import { NamedImageDialog } from '../images/named-image-dialog.tsx'
import { Thumbnail } from '../images/thumbnail.tsx'

interface Props {
  readonly of: VersionName
  readonly seen: PrototypeImages
  readonly most: number
}

const SIZE = 128

/** The images that a prototype is surest of, each to be opened. */
export function ExemplarStrip({ of, seen: { prototype, exemplars }, most }: Props) {
  const [open, setOpen] = useState<number | null>(null)
  const shown = exemplars.slice(0, most)
  const to = (place: number) => (shown[place] === undefined ? null : () => setOpen(place))
  const chosen = open === null ? undefined : shown[open]
  return (
    <>
      <ul className="exemplars" aria-label={`Images of prototype ${prototype}`}>
        {shown.map(({ index, probability, cosine }, place) => (
          <li key={index}>
            <button
              type="button"
              className="tile"
              aria-label={`Image ${index}`}
              title={`image ${index}: probability ${formatPercent(probability, 1)}, cosine ${cosine.toFixed(3)}`}
              onClick={() => setOpen(place)}
            >
              <Thumbnail image={{ ...of, index }} size={SIZE} alt="" />
            </button>
          </li>
        ))}
      </ul>
      {chosen && open !== null && (
        <NamedImageDialog
          key={chosen.index}
          of={of}
          index={chosen.index}
          previous={to(open - 1)}
          next={to(open + 1)}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  )
}
