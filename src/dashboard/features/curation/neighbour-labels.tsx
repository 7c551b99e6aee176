import { useState } from 'react'
import type { LabelAccuracy, VectorSet } from '../../../client/resources.ts'
import { Bars } from '../../charts/bars.tsx'
import { Choice } from '../../components/choice.tsx'
import { Facts } from '../../components/facts.tsx'
import { Pager } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { type LabelWish, labelAccuracyQuery, proposedLabelList } from '../../data/queries/curation.ts'
import type { VersionName } from '../../data/queries/images.ts'
import { useList } from '../../data/use-list.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatPercent } from '../../format.ts'
import { ImageTiles } from '../images/image-tiles.tsx'
import { accuracyBars, NEIGHBOURS } from './curation-words.ts'
import { FromSelect } from './from-select.tsx'

interface Props {
  readonly set: VectorSet
  readonly of: VersionName
}

/** Asked when it is wished for: hundreds of images are compared with all that have a label. */
export function NeighbourLabels({ set, of }: Props) {
  const [wish, setWish] = useState<LabelWish>({ from: '', neighbors: 20 })
  const [asked, setAsked] = useState<LabelWish | null>(null)
  return (
    <Section
      title="Labels of neighbours"
      hint="What the nearest images with a label say of those without one, and how often that is right, as measured on those that have one."
    >
      <div className="filters">
        <FromSelect set={set} value={wish.from} error={null} onChange={(from) => setWish({ ...wish, from })} />
        <Choice
          label="Neighbours that vote"
          value={String(wish.neighbors)}
          options={NEIGHBOURS}
          error={null}
          onChange={(neighbors) => setWish({ ...wish, neighbors: Number(neighbors) })}
        />
        <div className="actions">
          <button type="button" onClick={() => setAsked(wish)}>
            Ask them
          </button>
        </div>
      </div>
      <div className="answer-area" aria-live="polite">
        {asked !== null && <Answers key={`${asked.from} ${asked.neighbors}`} set={set.id} of={of} wish={asked} />}
      </div>
    </Section>
  )
}

interface AnswersProps {
  readonly set: string
  readonly of: VersionName
  readonly wish: LabelWish
}

/** A bank without any label is refused once, not twice. */
function Answers({ set, of, wish }: AnswersProps) {
  const { data: accuracy, problem, retry } = useResource(labelAccuracyQuery(useClient(), set, wish))
  if (problem?.code === 'vector_set_not_searchable') return <div className="empty">{problem.message}</div>
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {accuracy === null && problem === null && <p className="muted">Measuring…</p>}
      {accuracy && (
        <>
          <Measured accuracy={accuracy} />
          <Proposed set={set} of={of} wish={wish} />
        </>
      )}
    </>
  )
}

function Measured({ accuracy }: { readonly accuracy: LabelAccuracy }) {
  return (
    <>
      <h3>How often they are right</h3>
      <Facts
        facts={[
          ['Right', formatPercent(accuracy.accuracy, 1)],
          ['Images asked as if they had no label', formatCount(accuracy.sampled)],
          ['Images with a label', formatCount(accuracy.labelled)]
        ]}
      />
      <Bars label="Right by confidence" bars={accuracyBars(accuracy)} />
    </>
  )
}

function Proposed({ set, of, wish }: AnswersProps) {
  const { items, problem, retry, pager } = useList(proposedLabelList(useClient(), set, wish))
  return (
    <>
      <h3>What they propose</h3>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {items === null && problem === null && <p className="muted">Asking…</p>}
      {items?.length === 0 && (
        <p className="muted">
          {pager.next === null ? 'Every image has a label.' : 'None so far: the next page looks further.'}
        </p>
      )}
      {items && items.length > 0 && (
        <ImageTiles
          of={of}
          label="Proposed labels"
          tiles={items.map(({ index, label, confidence }) => ({
            index,
            title: `Image ${index}: ${label}, ${formatPercent(confidence)} of the vote`,
            caption: (
              <>
                {label} <span className="muted">{formatPercent(confidence)}</span>
              </>
            )
          }))}
        />
      )}
      <Pager pager={pager} label="proposed labels" />
    </>
  )
}
