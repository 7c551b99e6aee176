import { useState } from 'react'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { seenQuery } from '../../data/queries/exemplars.ts'
import { modelQuery } from '../../data/queries/models.ts'
import { assignmentsQuery, type TriedImage } from '../../data/queries/tried-images.ts'
import { useResource } from '../../data/use-resource.ts'
import { NothingSeen, SeenChoice } from '../prototypes/seen-choice.tsx'
import { AssignedImages } from './assigned-images.tsx'
import { Neighbours } from './neighbours.tsx'
import { PatchMaps } from './patch-maps.tsx'
import { type SetChoice, useSetChoice } from './use-set-choice.ts'

interface Props {
  readonly model: string
  /** Null until one was dropped. */
  readonly image: TriedImage | null
}

/** What one model says of the image: to which prototypes it belongs, what those stand for, and what is near to it. */
export function ModelAnswer({ model, image }: Props) {
  const client = useClient()
  const { data: known } = useResource(modelQuery(client, model))
  const { data: evaluations, problem } = useResource(seenQuery(client, model))
  const [chosenId, setChosenId] = useState<string | null>(null)
  const choice = useSetChoice(model)
  const hasImages = choice.chosen?.prototypes != null
  const chosen = evaluations?.find(({ id }) => id === chosenId) ?? evaluations?.[0] ?? null
  const name = known?.name == null ? model : `${known.name}, version ${known.version ?? '–'}`
  return (
    <Section
      title={name}
      actions={chosen && <SeenChoice evaluations={evaluations ?? []} chosen={chosen} onChoose={setChosenId} />}
    >
      {problem && <ProblemNotice problem={problem} />}
      {evaluations?.length === 0 && choice.sets !== null && !hasImages && <NothingSeen model={model} />}
      <div className="answer-area" aria-live="polite">
        {image === null ? (
          <p className="muted">Drop an image to see what it makes of it.</p>
        ) : evaluations === null && problem === null ? null : (
          <Answers model={model} image={image} evaluation={chosen} choice={choice} />
        )}
      </div>
    </Section>
  )
}

interface AnswersProps {
  readonly model: string
  readonly image: TriedImage
  readonly evaluation: Parameters<typeof AssignedImages>[0]['evaluation']
  readonly choice: SetChoice
}

/** What is refused as an image is refused once: the rest is asked for when the model has taken it. */
function Answers({ model, image, evaluation, choice }: AnswersProps) {
  const { data, problem } = useResource(assignmentsQuery(useClient(), model, image))
  if (problem) return <ProblemNotice problem={problem} />
  if (data === null) return <p className="muted">Asking the model…</p>
  return (
    <>
      <AssignedImages result={data} evaluation={evaluation} set={choice.chosen} />
      <PatchMaps model={model} image={image.file} prototypes={data.assignments.map(({ prototype }) => prototype)} />
      <Neighbours model={model} image={image} choice={choice} />
    </>
  )
}
