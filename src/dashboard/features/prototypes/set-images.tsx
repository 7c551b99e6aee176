import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { href } from '../../router.ts'
import { PrototypeMatches } from '../playground/prototype-matches.tsx'
import { useSetChoice } from '../playground/use-set-choice.ts'
import { SetSelect } from '../vector-sets/set-select.tsx'

interface Props {
  readonly model: string
  readonly prototype: number
}

/** Its images in a vector set: those that are most like all of them. */
export function SetImages({ model, prototype }: Props) {
  const { sets, problem, chosen, choose } = useSetChoice(model)
  const assigned = (sets ?? []).filter(({ prototypes }) => prototypes !== null)
  const shown = assigned.find(({ id }) => id === chosen?.id) ?? assigned[0]
  return (
    <Section title="In a vector set" hint="Nearest first to the mean direction of the images that are assigned to it.">
      {problem && <ProblemNotice problem={problem} />}
      {sets !== null && shown === undefined && (
        <div className="empty">
          No dataset was embedded and assigned by this model yet. <a href={href.newVectorSet({ model })}>Embed one</a>
        </div>
      )}
      {shown && (
        <>
          <SetSelect sets={assigned} chosen={shown} onChoose={choose} />
          <PrototypeMatches key={shown.id} set={shown.id} prototype={prototype} />
        </>
      )}
    </Section>
  )
}
