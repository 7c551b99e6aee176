import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { neighboursQuery, type TriedImage } from '../../data/queries/tried-images.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import type { SetChoice } from '../prototypes/use-set-choice.ts'
import { MatchTiles } from '../vector-sets/match-tiles.tsx'
import { SetSelect } from '../vector-sets/set-select.tsx'

interface Props {
  readonly model: string
  readonly image: TriedImage
  readonly choice: SetChoice
}

/** The images of a dataset that the model finds most like yours. */
export function Neighbours({ model, image, choice: { sets, problem, chosen, choose } }: Props) {
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
      {sets && chosen && <SetSelect sets={sets} chosen={chosen} onChoose={choose} />}
      {chosen && <Nearest key={chosen.id} set={chosen.id} image={image} />}
    </div>
  )
}

function Nearest({ set, image }: { readonly set: string; readonly image: TriedImage }) {
  const { data, problem } = useResource(neighboursQuery(useClient(), set, image))
  if (problem) return <ProblemNotice problem={problem} />
  return data === null ? <p className="muted">Searching…</p> : <MatchTiles matches={data} label="Nearest images" />
}
