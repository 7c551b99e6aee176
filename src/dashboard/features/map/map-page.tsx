import type { VectorSet } from '../../../client/resources.ts'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { versionName } from '../../data/queries/images.ts'
import { vectorMapQuery, vectorSetQuery } from '../../data/queries/vector-sets.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { MapView } from './map-view.tsx'

/** The images of a vector set as points, near where they are alike. */
export function MapPage({ id }: { readonly id: string }) {
  const { data: set, problem, retry } = useResource(vectorSetQuery(useClient(), id))
  return (
    <PageFrame title="Map" parent={{ href: href.vectorSet(id), name: set?.name ?? 'Vector set' }}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {set === null && problem === null && <Skeleton label="vector set" />}
      {set && set.status !== 'succeeded' && <div className="empty">The vector set is {set.status}: it has no map.</div>}
      {set && set.status === 'succeeded' && <Drawn set={set} />}
    </PageFrame>
  )
}

function Drawn({ set: { id, dataset } }: { readonly set: VectorSet }) {
  const { data: map, problem, retry } = useResource(vectorMapQuery(useClient(), id))
  const of = versionName(dataset)
  if (map !== null && of !== null) return <MapView map={map} of={of} />
  return problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="map" />
}
