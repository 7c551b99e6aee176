import type { PrototypeImages } from '../../../client/resources.ts'
import type { VersionName } from '../../data/queries/images.ts'
import { formatPercent } from '../../format.ts'
import { ImageStrip } from '../images/image-strip.tsx'

interface Props {
  readonly of: VersionName
  readonly seen: PrototypeImages
  readonly most: number
}

/** The images that a prototype is surest of. */
export const ExemplarStrip = ({ of, seen: { prototype, exemplars }, most }: Props) => (
  <ImageStrip
    of={of}
    label={`Images of prototype ${prototype}`}
    images={exemplars.slice(0, most).map(({ index, probability, cosine }) => ({
      index,
      title: `image ${index}: probability ${formatPercent(probability, 1)}, cosine ${cosine.toFixed(3)}`
    }))}
  />
)
