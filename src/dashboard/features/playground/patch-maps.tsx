import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { toProblem } from '../../../client/problem.ts'
import { Choice } from '../../components/choice.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { attentionMapQuery, heatMapQuery, type PatchMapQuery } from '../../data/queries/patch-maps.ts'
import { useObjectUrl } from '../../data/use-object-url.ts'
import { formatNumber } from '../../format.ts'

interface Props {
  readonly model: string
  readonly image: File
  /** Likeliest first: the first is shown. */
  readonly prototypes: readonly number[]
}

/** Why: which patches are like the prototype that won, and where the model looked at all. */
export function PatchMaps({ model, image, prototypes }: Props) {
  const client = useClient()
  const [chosen, setChosen] = useState<number | null>(null)
  const prototype = chosen !== null && prototypes.includes(chosen) ? chosen : (prototypes[0] ?? 0)
  return (
    <>
      <h3>Why</h3>
      <div className="patch-maps">
        <PatchMap
          query={heatMapQuery(client, { model, image }, prototype)}
          alt={`Patches of the image that are like prototype ${prototype}`}
          title="Like the prototype"
          what="cosine"
        >
          <Choice
            label="Prototype"
            value={String(prototype)}
            options={prototypes.map((one) => String(one))}
            error={null}
            onChange={(value) => setChosen(Number(value))}
          />
        </PatchMap>
        <AttentionMap model={model} image={image} />
      </div>
    </>
  )
}

function AttentionMap({ model, image }: Pick<Props, 'model' | 'image'>) {
  const client = useClient()
  const [chosen, setChosen] = useState('')
  const { data: mean } = useQuery(attentionMapQuery(client, { model, image }, null))
  const heads = Array.from({ length: mean?.heads ?? 0 }, (_, head) => String(head))
  const head = heads.includes(chosen) ? Number(chosen) : null
  return (
    <PatchMap
      query={attentionMapQuery(client, { model, image }, head)}
      alt={`Patches that the class token looks at in the last block, ${head === null ? 'the mean of all heads' : `head ${head}`}`}
      title="Where the model looks"
      what="attention"
    >
      <Choice
        label="Head"
        value={head === null ? '' : String(head)}
        options={heads}
        empty="the mean of all"
        error={null}
        onChange={setChosen}
      />
    </PatchMap>
  )
}

interface MapProps {
  readonly query: PatchMapQuery
  readonly alt: string
  readonly title: string
  /** What the colours are of. */
  readonly what: string
  readonly children: ReactNode
}

function PatchMap({ query, alt, title, what, children }: MapProps) {
  const { data, error } = useQuery(query)
  const url = useObjectUrl(data?.picture ?? null)
  return (
    <figure className="patch-map" aria-busy={url === null && error === null}>
      <figcaption>
        <b>{title}</b>
        {data && (
          <span className="muted small">
            {what} from {formatNumber(data.range[0], 3)} (violet) to {formatNumber(data.range[1], 3)} (yellow)
          </span>
        )}
      </figcaption>
      {children}
      <span className="thumbnail">{url !== null && <img src={url} alt={alt} className="pixels" />}</span>
      {error !== null && <ProblemNotice problem={toProblem(error)} />}
    </figure>
  )
}
