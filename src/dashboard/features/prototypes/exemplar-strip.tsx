import { useState } from 'react'
import type { PrototypeImages } from '../../../client/resources.ts'
import { useClient } from '../../data/api.ts'
import { versionQuery } from '../../data/queries/datasets.ts'
import { imageQuery, type VersionName } from '../../data/queries/images.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatPercent } from '../../format.ts'
import { ImageDialog } from '../images/image-dialog.tsx'
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
        <ExemplarDialog
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

interface DialogProps {
  readonly of: VersionName
  readonly index: number
  readonly previous: (() => void) | null
  readonly next: (() => void) | null
  readonly onClose: () => void
}

function ExemplarDialog({ of, index, ...moves }: DialogProps) {
  const client = useClient()
  const { data: image } = useResource(imageQuery(client, { ...of, index }))
  const { data: version } = useResource(versionQuery(client, of))
  return image && <ImageDialog image={image} of={of} classes={version?.classes ?? null} {...moves} />
}
