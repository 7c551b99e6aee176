import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { toProblem } from '../../../client/problem.ts'
import { useClient } from '../../data/api.ts'
import { type ImageName, thumbnailQuery } from '../../data/queries/images.ts'
import { useObjectUrl } from '../../data/use-object-url.ts'
import { useSeen } from '../../data/use-seen.ts'

interface Props {
  readonly image: ImageName
  /** Pixels that are asked for, of the longer side. */
  readonly size: number
  readonly alt: string
}

/** Below it an image is shown in its pixels: smoothed, 28 of them are a blur. */
const SHARP_SIDE = 64

/** A picture of an image, once it is in view; in its place why there is none. */
export function Thumbnail({ image, size, alt }: Props) {
  const [ref, isSeen] = useSeen<HTMLSpanElement>()
  const { data = null, error } = useQuery({ ...thumbnailQuery(useClient(), image, size), enabled: isSeen })
  const url = useObjectUrl(data)
  const [isSmall, setIsSmall] = useState(false)
  return (
    <span ref={ref} className="thumbnail" aria-busy={url === null && error === null}>
      {url !== null && (
        <img
          src={url}
          alt={alt}
          className={isSmall ? 'pixels' : undefined}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setIsSmall(Math.max(naturalWidth, naturalHeight) <= SHARP_SIDE)
          }
        />
      )}
      {error !== null && <span className="muted small">{whyNot(error)}</span>}
    </span>
  )
}

const whyNot = (error: Error): string =>
  toProblem(error).details.code === 'images_hidden' ? 'not shown here' : toProblem(error).message
