import { CopyButton } from '../../components/copy-button.tsx'

const SHOWN = 8

interface Props {
  readonly embedding: readonly number[]
  readonly timings: readonly string[]
}

export function EmbeddingView({ embedding, timings }: Props) {
  const norm = Math.hypot(...embedding)
  const first = embedding.slice(0, SHOWN).map((value) => value.toFixed(4))
  return (
    <>
      <h3>Embedding</h3>
      <p className="small">
        {embedding.length} numbers, norm {norm.toFixed(4)}{' '}
        <CopyButton text={JSON.stringify(embedding)} label="Copy all" />
      </p>
      <p className="mono small break">
        [{first.join(', ')}
        {embedding.length > SHOWN && ', …'}]
      </p>
      {timings.length > 0 && <p className="muted small">Server time: {timings.join(', ')}</p>}
    </>
  )
}
