import type { Matches } from '../../../client/resources.ts'
import { versionName } from '../../data/queries/images.ts'
import { ImageTiles } from '../images/image-tiles.tsx'

interface Props {
  readonly matches: Pick<Matches, 'data' | 'dataset'>
  readonly label: string
}

/** What a search has found, nearest first. */
export function MatchTiles({ matches: { data, dataset }, label }: Props) {
  const of = versionName(dataset)
  if (of === null) return null
  if (data.length === 0) return <div className="empty">No image is like that.</div>
  return (
    <ImageTiles
      of={of}
      label={label}
      tiles={data.map(({ index, label: name, similarity, prototype }) => ({
        index,
        title: `Image ${index}, cosine ${similarity.toFixed(3)}${name === null ? '' : `, ${name}`}${
          prototype === null ? '' : `, prototype ${prototype}`
        }`,
        caption: (
          <>
            {similarity.toFixed(3)} {name !== null && <span className="muted">{name}</span>}
          </>
        )
      }))}
    />
  )
}
