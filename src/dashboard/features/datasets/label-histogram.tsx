import { useState } from 'react'
import type { DatasetVersion } from '../../../client/resources.ts'
import { Bars } from '../../charts/bars.tsx'
import { formatCount, formatMany } from '../../format.ts'
import { href } from '../../router.ts'
import { labelText } from '../images/label-text.ts'

type Counts = NonNullable<NonNullable<DatasetVersion['report']>['labels']>

interface Props {
  /** `ds_…@3` */
  readonly reference: string
  readonly counts: Counts
  readonly classes: readonly string[] | null
}

/** A glance; the others are shown when somebody asks. */
const FIRST_SHOWN = 12

/** How many images have which label; each name leads to its images. */
export function LabelHistogram({ reference, counts, classes }: Props) {
  const { labels, unlabelled, most_frequent: known } = counts
  const [isWhole, setWhole] = useState(false)
  if (labels === 0) return <p className="muted small">No image has a label; training needs none.</p>
  const shown = isWhole ? known : known.slice(0, FIRST_SHOWN)
  const most = known[0]?.images ?? 1
  const bars = shown.map(({ label, images }) => ({
    label: labelText(label, classes),
    href: href.images(reference, { label: String(label) }),
    share: images / most,
    value: formatCount(images)
  }))
  return (
    <>
      <h3>{labels === 1 ? 'One label' : `${formatCount(labels)} labels`}</h3>
      <Bars label="Images by label" bars={bars} />
      {known.length > shown.length && (
        <div className="actions">
          <button type="button" className="quiet" onClick={() => setWhole(true)}>
            Show {formatCount(known.length - shown.length)} more
          </button>
        </div>
      )}
      {isWhole && labels > known.length && (
        <p className="muted small">
          {formatMany(labels - known.length, 'other label has', 'other labels have')} no more images than these.
        </p>
      )}
      {unlabelled > 0 && <p className="muted small">{formatMany(unlabelled, 'image has', 'images have')} no label.</p>}
    </>
  )
}
