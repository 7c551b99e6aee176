import type { VectorSet } from '../../../client/resources.ts'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { type VersionName, versionName } from '../../data/queries/images.ts'
import { vectorSetQuery } from '../../data/queries/vector-sets.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { NearPairs } from './near-pairs.tsx'
import { NeighbourLabels } from './neighbour-labels.tsx'
import { Outliers } from './outliers.tsx'
import { SelectVersion } from './select-version.tsx'

/** What a vector set says of the images of its dataset, and a version that is made of it. */
export function CurationPage({ id }: { readonly id: string }) {
  const { data: set, problem, retry } = useResource(vectorSetQuery(useClient(), id))
  const of = set === null ? null : versionName(set.dataset)
  return (
    <PageFrame title="Curate" parent={{ href: href.vectorSet(id), name: set?.name ?? 'Vector set' }}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {set === null && problem === null && <Skeleton label="vector set" />}
      {set && set.status !== 'succeeded' && (
        <div className="empty">It is {set.status}: there are no vectors to go by.</div>
      )}
      {set?.status === 'succeeded' && of && <Curated set={set} of={of} />}
    </PageFrame>
  )
}

function Curated({ set, of }: { readonly set: VectorSet; readonly of: VersionName }) {
  return (
    <>
      <SelectVersion set={set} />
      {set.index === null ? (
        <div className="empty">
          Its files alone were made: near-duplicates, outliers and labels need one that is searched.
        </div>
      ) : (
        <>
          <Outliers set={set.id} of={of} />
          <NearPairs set={set} of={of} />
          <NeighbourLabels set={set} of={of} />
        </>
      )}
    </>
  )
}
