import type { VersionName } from '../../data/queries/images.ts'
import { Thumbnail } from './thumbnail.tsx'
import { useOpenedImage } from './use-opened-image.tsx'

interface Props {
  readonly of: VersionName
  readonly label: string
  /** What is known of each is shown on hover. */
  readonly images: readonly { readonly index: number; readonly title: string }[]
}

const SIZE = 128

/** Small pictures side by side, each to be opened; the arrow keys go through them then. */
export function ImageStrip({ of, label, images }: Props) {
  const { open, dialog } = useOpenedImage(of, images)
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
              onClick={() => open(place)}
            >
              <Thumbnail image={{ ...of, index }} size={SIZE} alt="" />
            </button>
          </li>
        ))}
      </ul>
      {dialog}
    </>
  )
}
