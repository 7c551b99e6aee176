import { useState } from 'react'
import type { VersionName } from '../../data/queries/images.ts'
import { NamedImageDialog } from './named-image-dialog.tsx'
import { Thumbnail } from './thumbnail.tsx'

interface Props {
  readonly of: VersionName
  readonly label: string
  /** What is known of each is shown on hover. */
  readonly images: readonly { readonly index: number; readonly title: string }[]
}

const SIZE = 128

/** Small pictures side by side, each to be opened; the arrow keys go through them then. */
export function ImageStrip({ of, label, images }: Props) {
  const [open, setOpen] = useState<number | null>(null)
  const to = (place: number) => (images[place] === undefined ? null : () => setOpen(place))
  const chosen = open === null ? undefined : images[open]
  return (
    <>
      <ul className="exemplars" aria-label={label}>
        {images.map(({ index, title }, place) => (
          <li key={index}>
            <button
              type="button"
              className="tile"
              aria-label={`Image ${index}`}
              title={title}
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
