import { useMutation } from '@tanstack/react-query'
import { answerOf, dataOf, type KappaClient } from '../../../client/client.ts'
import type { ImageAssignments } from '../../../client/resources.ts'
import { FileDrop } from '../../components/file-drop.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { imageRequest } from '../../data/image-request.ts'
import { problemOf } from '../../data/problem-of.ts'
import { useAbort } from '../../data/use-abort.ts'
import { useObjectUrl } from '../../data/use-object-url.ts'
import { AssignmentView } from './assignment-view.tsx'
import { EmbeddingView } from './embedding-view.tsx'
import { parseServerTiming } from './server-timing.ts'

const TOP_K = 5

interface Tried {
  readonly embedding: readonly number[]
  /** Null of a model without prototypes. */
  readonly assignments: ImageAssignments | null
  readonly timings: readonly string[]
}

interface Attempt {
  readonly client: KappaClient
  readonly modelId: string
  readonly hasHead: boolean
  readonly signal: AbortSignal
}

async function tryImage(image: File, { client, modelId, hasHead, signal }: Attempt): Promise<Tried> {
  const path = { id: modelId }
  const request = imageRequest(image, signal)
  const assign = () =>
    dataOf(client.POST('/v1/models/{id}/assignments', { params: { path, query: { top_k: TOP_K } }, ...request }))
  const [embedded, assigned] = await Promise.all([
    answerOf(client.POST('/v1/models/{id}/embeddings', { params: { path }, ...request })),
    hasHead ? assign() : null
  ])
  // A string would be the raw form of it, which was not asked for.
  const embedding = typeof embedded.data === 'string' ? null : embedded.data.data[0]?.embedding
  const assignments = assigned?.data[0] ?? null
  if (!Array.isArray(embedding) || (hasHead && !assignments)) {
    throw new Error('The API answered without a result for the image.')
  }
  return { embedding, assignments, timings: parseServerTiming(embedded.headers.get('server-timing')) }
}

interface TryItProps {
  readonly id: string
  readonly hasHead: boolean
  /** Of the images that the model reads; null of a model without its configuration. */
  readonly channels: number | null
}

const filesFor = (channels: number | null): string =>
  channels === null || channels === 1 || channels === 3
    ? 'JPEG, PNG, WebP, AVIF, TIFF or GIF'
    : `TIFF of ${channels} bands`

export function TryIt({ id, hasHead, channels }: TryItProps) {
  const client = useClient()
  const abort = useAbort()
  const attempt = useMutation({
    mutationFn: (file: File) => tryImage(file, { client, modelId: id, hasHead, signal: abort.start() })
  })
  const { data: tried, variables: image = null } = attempt
  const preview = useObjectUrl(image)
  const problem = problemOf(attempt)
  return (
    <Section
      title="Try it"
      hint={
        hasHead
          ? 'One image, as a program gets it: its embedding, and the mixture of prototypes that it is.'
          : 'One image: its embedding.'
      }
    >
      <div className="try-it">
        <FileDrop label="Image" accept="image/*" onFiles={([file]) => file && attempt.mutate(file)}>
          {preview ? <img src={preview} alt={image ? `Chosen: ${image.name}` : ''} /> : <b>Drop or choose an image</b>}
          <span className="muted small">{image ? image.name : filesFor(channels)}</span>
        </FileDrop>
        <div className="answer-area" aria-live="polite">
          {attempt.isPending && <p className="muted">Asking the model…</p>}
          {problem && <ProblemNotice problem={problem} />}
          {tried && (
            <>
              <EmbeddingView embedding={tried.embedding} timings={tried.timings} />
              {tried.assignments && <AssignmentView result={tried.assignments} />}
            </>
          )}
        </div>
      </div>
    </Section>
  )
}
