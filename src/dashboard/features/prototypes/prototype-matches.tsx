import { useQuery } from '@tanstack/react-query'
import { toProblem } from '../../../client/problem.ts'
import type { Matches } from '../../../client/resources.ts'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { versionName } from '../../data/queries/images.ts'
import { prototypeMatchesQuery } from '../../data/queries/vector-sets.ts'
import { useSeen } from '../../data/use-seen.ts'
import { ImageStrip } from '../images/image-strip.tsx'
import { MatchTiles } from '../vector-sets/match-tiles.tsx'

interface Props {
  readonly set: string
  readonly prototype: number
  /** As small pictures, what is known of each shown on hover. */
  readonly isSmall?: boolean
}

/** The images of a vector set that stand for a prototype, once it is in view. */
export function PrototypeMatches({ set, prototype, isSmall = false }: Props) {
  const [ref, isSeen] = useSeen<HTMLDivElement>()
  const { data, error } = useQuery({ ...prototypeMatchesQuery(useClient(), set, prototype), enabled: isSeen })
  const label = `Images of prototype ${prototype}`
  const problem = error === null ? null : toProblem(error)
  return (
    <div ref={ref} className="seen-prototype">
      {problem && <ProblemNotice problem={problem} />}
      {data === null && <p className="muted small">Wins none of the images of the vector set.</p>}
      {data && (isSmall ? <Small matches={data} label={label} /> : <MatchTiles matches={data} label={label} />)}
    </div>
  )
}

function Small({ matches: { dataset, data }, label }: { readonly matches: Matches; readonly label: string }) {
  const of = versionName(dataset)
  const images = data.map(({ index, similarity, label: own }) => ({
    index,
    title: `image ${index}: cosine ${similarity.toFixed(3)} with all of them${own === null ? '' : `, ${own}`}`
  }))
  return of && <ImageStrip of={of} label={label} images={images} />
}
