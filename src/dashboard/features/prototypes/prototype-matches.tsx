import { useQuery } from '@tanstack/react-query'
import { toProblem } from '../../../client/problem.ts'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { prototypeMatchesQuery } from '../../data/queries/vector-sets.ts'
import { useSeen } from '../../data/use-seen.ts'
import { MatchTiles } from '../vector-sets/match-tiles.tsx'

interface Props {
  readonly set: string
  readonly prototype: number
}

/** The images of a vector set that stand for a prototype, once it is in view. */
export function PrototypeMatches({ set, prototype }: Props) {
  const [ref, isSeen] = useSeen<HTMLDivElement>()
  const { data, error } = useQuery({ ...prototypeMatchesQuery(useClient(), set, prototype), enabled: isSeen })
  const problem = error === null ? null : toProblem(error)
  return (
    <div ref={ref} className="seen-prototype">
      {problem && <ProblemNotice problem={problem} />}
      {data === null && <p className="muted small">Wins none of the images of the vector set.</p>}
      {data && <MatchTiles matches={data} label={`Images of prototype ${prototype}`} />}
    </div>
  )
}
