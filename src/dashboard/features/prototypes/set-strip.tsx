import { useQuery } from '@tanstack/react-query'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { versionName } from '../../data/queries/images.ts'
import { prototypeMatchesQuery } from '../../data/queries/vector-sets.ts'
import { useSeen } from '../../data/use-seen.ts'
import { ImageStrip } from '../images/image-strip.tsx'

interface Props {
  readonly set: string
  readonly prototype: number
}

/** A few images of a vector set that stand for a prototype, once they are in view. */
export function SetStrip({ set, prototype }: Props) {
  const [ref, isSeen] = useSeen<HTMLDivElement>()
  const query = useQuery({ ...prototypeMatchesQuery(useClient(), set, prototype), enabled: isSeen })
  const problem = problemOf(query)
  const { data: matches } = query
  const of = matches ? versionName(matches.dataset) : null
  return (
    <div ref={ref} className="seen-prototype">
      {problem && <ProblemNotice problem={problem} />}
      {matches && of && (
        <ImageStrip
          of={of}
          label={`Images of prototype ${prototype}`}
          images={matches.data.map(({ index, similarity, label }) => ({
            index,
            title: `image ${index}: cosine ${similarity.toFixed(3)} with all of them${label === null ? '' : `, ${label}`}`
          }))}
        />
      )}
    </div>
  )
}
