import type { ReactNode } from 'react'
import type { VersionName } from '../../data/queries/images.ts'
import { Thumbnail } from './thumbnail.tsx'
import { useOpenedImage } from './use-opened-image.tsx'

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
  const { open, dialog } = useOpenedImage(of, tiles)
  return (
    <>
      <ul className="gallery" aria-label={label}>
        {tiles.map(({ index, title, caption }, place) => (
          <li key={index}>
            <button type="button" className="tile" aria-label={title} title={title} onClick={() => open(place)}>
              <Thumbnail image={{ ...of, index }} size={SIZE} alt="" />
              <span className="caption">{caption}</span>
            </button>
          </li>
        ))}
      </ul>
      {dialog}
    </>
  )
}
