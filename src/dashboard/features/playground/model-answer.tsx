import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { modelQuery } from '../../data/queries/models.ts'
import { assignmentsQuery, type TriedImage } from '../../data/queries/tried-images.ts'
import { useResource } from '../../data/use-resource.ts'
import { modelTitle } from '../../resource-titles.ts'
import { NothingSeen, SeenChoice } from '../prototypes/seen-choice.tsx'
import { type SetChoice, useSetChoice } from '../prototypes/use-set-choice.ts'
import { type Source, useSourceChoice } from '../prototypes/use-source-choice.ts'
import { AssignedImages } from './assigned-images.tsx'
import { Neighbours } from './neighbours.tsx'
import { PatchMaps } from './patch-maps.tsx'

interface Props {
  readonly model: string
  /** Null until one was dropped. */
  readonly image: TriedImage | null
}

/** What one model says of the image: to which prototypes it belongs, what those stand for, and what is near to it. */
export function ModelAnswer({ model, image }: Props) {
  const client = useClient()
  const { data: known } = useResource(modelQuery(client, model))
  const sets = useSetChoice(model)
  const choice = useSourceChoice(model, sets)
  const { chosen, isKnown, problem } = choice
  const name = known === null ? 'Model' : modelTitle(known)
  return (
    <Section title={name} actions={<SeenChoice choice={choice} />}>
      {problem && <ProblemNotice problem={problem} />}
      {isKnown && chosen === null && <NothingSeen model={model} />}
      <div className="answer-area" aria-live="polite">
        {image === null ? (
          <p className="muted">Drop an image to see what it makes of it.</p>
        ) : !isKnown && problem === null ? null : (
          <Answers model={model} image={image} source={chosen} sets={sets} />
        )}
      </div>
    </Section>
  )
}

interface AnswersProps {
  readonly model: string
  readonly image: TriedImage
  readonly source: Source | null
  readonly sets: SetChoice
}

/**
 * In the order in which people ask: what is near, what it belongs to, and why. What is refused as an image is refused once: the
 * rest is asked for when the model has taken it.
 */
function Answers({ model, image, source, sets }: AnswersProps) {
  const { data, problem } = useResource(assignmentsQuery(useClient(), model, image))
  if (problem) return <ProblemNotice problem={problem} />
  if (data === null) return <p className="muted">Asking the model…</p>
  return (
    <>
      <Neighbours model={model} image={image} choice={sets} />
      <AssignedImages model={model} result={data} source={source} />
      <PatchMaps model={model} image={image.file} prototypes={data.assignments.map(({ prototype }) => prototype)} />
    </>
  )
}
