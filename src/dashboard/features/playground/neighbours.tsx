import { useState } from 'react'
import type { VectorSet } from '../../../client/resources.ts'
import { Choice } from '../../components/choice.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { neighboursQuery, type TriedImage } from '../../data/queries/tried-images.ts'
import { searchableQuery } from '../../data/queries/vector-sets.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'
import { MatchTiles } from '../vector-sets/match-tiles.tsx'

interface Props {
  readonly model: string
  readonly image: TriedImage
}

/** The images of a dataset that the model finds most like yours. */
export function Neighbours({ model, image }: Props) {
  const { data: sets, problem } = useResource(searchableQuery(useClient(), model))
  const [chosenId, setChosenId] = useState<string | null>(null)
  const chosen = sets?.find(({ id }) => id === chosenId) ?? sets?.[0]
  return (
    <div className="seen-prototype">
      <h3>Nearest images</h3>
      {problem && <ProblemNotice problem={problem} />}
      {sets?.length === 0 && (
        <p className="muted small">
          No dataset was embedded by this model yet. <a href={href.newVectorSet({ model })}>Embed one</a> to see its
          images that are nearest.
        </p>
      )}
      {sets && sets.length > 1 && chosen && (
        <Choice
          label="Of the vector set"
          value={chosen.id}
          options={sets.map((set) => [set.id, textOf(set)] as const)}
          error={null}
          onChange={setChosenId}
        />
      )}
      {chosen && <Nearest key={chosen.id} set={chosen.id} image={image} />}
    </div>
  )
}

const textOf = ({ id, name, progress }: VectorSet): string =>
  `${name ?? id}: ${formatCount(progress.total_images)} images`

function Nearest({ set, image }: { readonly set: string; readonly image: TriedImage }) {
  const { data, problem } = useResource(neighboursQuery(useClient(), set, image))
  if (problem) return <ProblemNotice problem={problem} />
  return data === null ? <p className="muted">Searching…</p> : <MatchTiles matches={data} label="Nearest images" />
}
