import { type ReactNode, useState } from 'react'
import type { VersionName } from '../../data/queries/images.ts'
import { NamedImageDialog } from './named-image-dialog.tsx'

export interface OpenedImage {
  /** By its place among those that are listed. */
  readonly open: (place: number) => void
  readonly dialog: ReactNode
}

/** One of listed images by itself; the arrow keys go through them then. */
export function useOpenedImage(of: VersionName, images: readonly { readonly index: number }[]): OpenedImage {
  const [place, open] = useState<number | null>(null)
  const chosen = place === null ? undefined : images[place]
  const to = (other: number) => (images[other] === undefined ? null : () => open(other))
  const dialog = chosen && place !== null && (
    <NamedImageDialog
      key={chosen.index}
      of={of}
      index={chosen.index}
      previous={to(place - 1)}
      next={to(place + 1)}
      onClose={() => open(null)}
    />
  )
  return { open, dialog }
}
