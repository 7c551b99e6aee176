import type { PrototypeImages } from '../../../client/resources.ts'
import { Bars } from '../../charts/bars.tsx'
import { formatPercent } from '../../format.ts'

const MOST_LABELS = 3

/** Of the images that a prototype wins, how many have which label. */
export function LabelMix({ seen: { prototype, usage, labels } }: { readonly seen: PrototypeImages }) {
  if (labels.length === 0) return null
  const bars = labels.slice(0, MOST_LABELS).map(({ label, images }) => {
    const share = images / usage
    return { label, share, value: formatPercent(share) }
  })
  return <Bars label={`Labels of prototype ${prototype}`} bars={bars} />
}
