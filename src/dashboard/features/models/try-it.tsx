import { useEffect, useState } from 'react'
import type { Assignments, Embeddings, ImageAssignments } from '../../api/wire-models.ts'
import { FileDrop } from '../../components/file-drop.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { useAction } from '../../data/use-action.ts'
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

export function TryIt({ path, hasHead }: { readonly path: string; readonly hasHead: boolean }) {
  const client = useClient()
  const [image, setImage] = useState<File | null>(null)
  const [tried, setTried] = useState<Tried | null>(null)
  const preview = useObjectUrl(image)
  const attempt = useAction<[File]>(async (signal, file) => {
    setImage(file)
    setTried(null)
    const [embedded, assigned] = await Promise.all([
      client.sendImage<Embeddings>(`${path}/embeddings`, file, signal),
      hasHead ? client.sendImage<Assignments>(`${path}/assignments?top_k=${TOP_K}`, file, signal) : null
    ])
    const embedding = embedded.data.data[0]?.embedding
    const assignments = assigned?.data.data[0] ?? null
    if (!embedding || (hasHead && !assignments)) throw new Error('The API answered without a result for the image.')
    setTried({ embedding, assignments, timings: parseServerTiming(embedded.headers.get('server-timing')) })
  })
  return (
    <Section
      title="Try it"
      hint={
        hasHead ? 'One image: its embedding, and the mixture of prototypes that it is.' : 'One image: its embedding.'
      }
    >
      <div className="try-it">
        <FileDrop label="Image" accept="image/*" onFiles={([file]) => file && void attempt.run(file)}>
          {preview ? <img src={preview} alt={image ? `Chosen: ${image.name}` : ''} /> : <b>Drop or choose an image</b>}
          <span className="muted small">{image ? image.name : 'JPEG, PNG, WebP, AVIF, TIFF or GIF'}</span>
        </FileDrop>
        <div className="answer-area" aria-live="polite">
          {attempt.isRunning && <p className="muted">Asking the model…</p>}
          {attempt.problem && <ProblemNotice problem={attempt.problem} />}
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

function useObjectUrl(blob: Blob | null): string | null {
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    if (blob === null) return
    const next = URL.createObjectURL(blob)
    setUrl(next)
    return () => URL.revokeObjectURL(next)
  }, [blob])
  return url
}
