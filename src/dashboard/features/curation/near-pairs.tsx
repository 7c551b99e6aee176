import { useState } from 'react'
import type { NearDuplicates, VectorSet } from '../../../client/resources.ts'
import { Choice } from '../../components/choice.tsx'
import { Pager } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { nearPairList } from '../../data/queries/curation.ts'
import type { VersionName } from '../../data/queries/images.ts'
import { useList } from '../../data/use-list.ts'
import { formatCount } from '../../format.ts'
import { ImageTiles } from '../images/image-tiles.tsx'
import { LEAST_COSINES, labelsDiffer } from './curation-words.ts'
import { useMakeVersion } from './use-make-version.ts'

interface Props {
  readonly set: VectorSet
  readonly of: VersionName
}

/** Looked for when it is asked: all images are compared with all. */
export function NearPairs({ set, of }: Props) {
  const [least, setLeast] = useState('0.95')
  const [asked, setAsked] = useState<string | null>(null)
  return (
    <Section
      title="Near-duplicates"
      hint={
        set.index === 'hnsw'
          ? 'Pairs of images by their cosine, in the order of the dataset. Of a larger heap of copies the graph may miss some pairs.'
          : 'Pairs of images by their cosine, in the order of the dataset. None is missed.'
      }
    >
      <div className="filters">
        <Choice label="Cosine at the least" value={least} options={LEAST_COSINES} error={null} onChange={setLeast} />
        <div className="actions">
          <button type="button" onClick={() => setAsked(least)}>
            Look for them
          </button>
        </div>
      </div>
      <div aria-live="polite">{asked !== null && <Found key={asked} set={set.id} of={of} least={Number(asked)} />}</div>
    </Section>
  )
}

interface FoundProps {
  readonly set: string
  readonly of: VersionName
  readonly least: number
}

function Found({ set, of, least }: FoundProps) {
  const { items, problem, retry, pager } = useList(nearPairList(useClient(), set, least))
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {items === null && problem === null && <p className="muted">Comparing…</p>}
      {items?.length === 0 && (
        <div className="empty">
          {pager.next === null
            ? `No pair has a cosine of ${least} or more.`
            : 'None so far: the next page looks further.'}
        </div>
      )}
      {items && items.length > 0 && <WithoutThem set={set} of={of} least={least} />}
      <ul className="near-pairs" aria-label="Near-duplicates">
        {(items ?? []).map((pair) => (
          <Pair key={pair.images.map(({ index }) => index).join(' ')} pair={pair} of={of} />
        ))}
      </ul>
      <Pager pager={pager} label="near-duplicates" />
    </>
  )
}

/** Of those that are alike the first stays. */
function WithoutThem({ set, of, least }: FoundProps) {
  const make = useMakeVersion(of.id)
  const problem = problemOf(make)
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <div className="actions">
        <button
          type="button"
          disabled={make.isPending}
          onClick={() => make.mutate({ strategy: 'deduplicated', vector_set: set, max_similarity: least })}
        >
          Make a version without them
        </button>
        <span className="muted small">It keeps the first of those that are alike.</span>
      </div>
    </>
  )
}

function Pair({ pair, of }: { readonly pair: NearDuplicates; readonly of: VersionName }) {
  const names = pair.images.map(({ index }) => index).join(' and ')
  return (
    <li>
      <p className="small">
        <b>{pair.similarity.toFixed(3)}</b> {labelsDiffer(pair) && <span className="badge warn">labels differ</span>}
      </p>
      <ImageTiles
        of={of}
        label={`Images ${names}`}
        tiles={pair.images.map(({ index, name, label }) => ({
          index,
          title: `Image ${index}, ${name}${label === null ? '' : `, ${label}`}`,
          caption: label ?? formatCount(index)
        }))}
      />
    </li>
  )
}
