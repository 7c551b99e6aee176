import { Pager, Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { outlierList } from '../../data/queries/curation.ts'
import type { VersionName } from '../../data/queries/images.ts'
import { useList } from '../../data/use-list.ts'
import { ImageTiles } from '../images/image-tiles.tsx'
import { outlierTitle } from './curation-words.ts'

interface Props {
  readonly set: string
  readonly of: VersionName
}

export function Outliers({ set, of }: Props) {
  const { items, problem, retry, pager } = useList(outlierList(useClient(), set))
  // Said of the set, and true as long as it is there.
  const isUntold = problem?.code === 'vector_set_not_searchable'
  return (
    <Section
      title="Outliers"
      hint="What the mixture fitted to the training images knows least comes first: by log density, in nats."
    >
      {isUntold && <p className="muted">{problem.message}</p>}
      {problem && !isUntold && <ProblemNotice problem={problem} onRetry={retry} />}
      {items === null && problem === null && <Skeleton label="outliers" />}
      {items && (
        <ImageTiles
          of={of}
          label="Outliers"
          tiles={items.map((image) => ({
            index: image.index,
            title: outlierTitle(image),
            caption: (
              <>
                {image.log_density?.toFixed(1)} {image.label !== null && <span className="muted">{image.label}</span>}
              </>
            )
          }))}
        />
      )}
      <Pager pager={pager} label="outliers" />
    </Section>
  )
}
