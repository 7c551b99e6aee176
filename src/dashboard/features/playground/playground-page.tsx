import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { ImageAssignments } from '../../../client/resources.ts'
import { FileDrop } from '../../components/file-drop.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { imageRequest } from '../../data/image-request.ts'
import { problemOf } from '../../data/problem-of.ts'
import { seenQuery } from '../../data/queries/exemplars.ts'
import { useAbort } from '../../data/use-abort.ts'
import { goTo } from '../../data/use-location.ts'
import { useObjectUrl } from '../../data/use-object-url.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { NothingSeen, SeenChoice } from '../prototypes/seen-choice.tsx'
import { AssignedImages } from './assigned-images.tsx'
import { ModelChoice } from './model-choice.tsx'
import { PatchMaps } from './patch-maps.tsx'

const TOP_K = 5

interface Asking {
  readonly client: KappaClient
  readonly model: string
  readonly signal: AbortSignal
}

async function assign(image: File, { client, model, signal }: Asking): Promise<ImageAssignments> {
  const params = { path: { id: model }, query: { top_k: TOP_K } }
  const request = { params, ...imageRequest(image, signal) }
  const { data } = await dataOf(client.POST('/v1/models/{id}/assignments', request))
  const [result] = data
  if (result === undefined) throw new Error('The API answered without a result for the image.')
  return result
}

/** An image of yours: which prototypes it belongs to, and what those stand for. */
export function PlaygroundPage({ query }: { readonly query: URLSearchParams }) {
  const model = query.get('model') ?? ''
  return (
    <PageFrame title="Playground">
      <div className="card narrow">
        <ModelChoice model={model} onChoose={(id) => goTo(href.playground({ model: id }))} />
      </div>
      {model === '' ? (
        <div className="empty">Choose a model to try an image on.</div>
      ) : (
        <Try key={model} model={model} />
      )}
    </PageFrame>
  )
}

function Try({ model }: { readonly model: string }) {
  const client = useClient()
  const abort = useAbort()
  const { data: evaluations, problem: unseen } = useResource(seenQuery(client, model))
  const [chosenId, setChosenId] = useState<string | null>(null)
  const attempt = useMutation({
    mutationFn: (file: File) => assign(file, { client, model, signal: abort.start() })
  })
  const { data: result, variables: image = null } = attempt
  const preview = useObjectUrl(image)
  const problem = problemOf(attempt)
  const chosen = evaluations?.find(({ id }) => id === chosenId) ?? evaluations?.[0] ?? null
  return (
    <Section
      title="Your image"
      hint="It goes to the model and is kept nowhere."
      actions={chosen && <SeenChoice evaluations={evaluations ?? []} chosen={chosen} onChoose={setChosenId} />}
    >
      {unseen && <ProblemNotice problem={unseen} />}
      {evaluations?.length === 0 && <NothingSeen model={model} />}
      <div className="try-it">
        <FileDrop label="Image" accept="image/*" onFiles={([file]) => file && attempt.mutate(file)}>
          {preview ? <img src={preview} alt={image ? `Chosen: ${image.name}` : ''} /> : <b>Drop or choose an image</b>}
          <span className="muted small">{image ? image.name : 'JPEG, PNG, WebP, AVIF, TIFF or GIF'}</span>
        </FileDrop>
        <div className="answer-area" aria-live="polite">
          {attempt.isPending && <p className="muted">Asking the model…</p>}
          {problem && <ProblemNotice problem={problem} />}
          {result && <AssignedImages result={result} evaluation={chosen} />}
          {result && image && (
            <PatchMaps model={model} image={image} prototypes={result.assignments.map(({ prototype }) => prototype)} />
          )}
        </div>
      </div>
    </Section>
  )
}
