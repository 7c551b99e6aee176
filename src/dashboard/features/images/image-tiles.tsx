import { type ReactNode, useState } from 'react'
import type { VersionName } from '../../data/queries/images.ts'
import { NamedImageDialog } from './named-image-dialog.tsx'
import { Thumbnail } from './thumbnail.tsx'

interface Tile {
  readonly index: number
  /** Read aloud, and shown on hover. */
  readonly title: string
  readonly caption: ReactNode
}

interface Props {
  readonly of: VersionName
  readonly label: string
  readonly tiles: readonly Tile[]
}

const SIZE = 192

/** Images of a dataset by their places in it, each to be opened; the arrow keys go through them then. */
export function ImageTiles({ of, label, tiles }: Props) {
  const [open, setOpen] = useState<number | null>(null)
  const chosen = open === null ? undefined : tiles[open]
  const to = (place: number) => (tiles[place] === undefined ? null : () => setOpen(place))
  return (
    <>
      <ul className="gallery" aria-label={label}>
        {tiles.map(({ index, title, caption }, place) => (
          <li key={index}>
            <button type="button" className="tile" aria-label={title} title={title} onClick={() => setOpen(place)}>
              <Thumbnail image={{ ...of, index }} size={SIZE} alt="" />
              <span className="caption">{caption}</span>
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
