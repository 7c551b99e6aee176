/** From what a request of the Open Inference Protocol asks for to tensors, by the services of the other routes. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Posterior } from '../../domain/model.ts'
import type { Timings } from '../../domain/ports.ts'
import type { FoundEmbedder } from '../../services/serving/find-embedder.ts'
import type { ImageInput } from '../../services/serving/image-sources.ts'
import type { ServingRequest } from '../../services/serving/serving.ts'
import type { Infer, OutputName } from '../schemas/open-inference.ts'
import { callerOf } from './image-requests.ts'
import { formatTimings, type ServingRoutesDeps } from './serving-answers.ts'
import { inTensorTerms, type OutputTensor } from './tensors.ts'

const DEFAULT_TOP_K = 10

export interface InferWork {
  readonly asked: Infer
  readonly images: readonly ImageInput[]
  readonly model: string
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

interface Part {
  readonly model: Pick<FoundEmbedder, 'name' | 'version'>
  readonly posterior?: Posterior
  readonly tensors: readonly OutputTensor[]
  readonly timings: Timings
}

type Serving = ServingRoutesDeps['serving']

async function embed(serving: Serving, request: ServingRequest, dimensions: number | null): Promise<Part> {
  const {
    model,
    embeddings,
    dimensions: columns,
    timings
  } = await serving.embed({
    ...request,
    output: 'cls',
    dimensions
  })
  const values = new Float32Array(embeddings.length * columns)
  for (const [row, embedding] of embeddings.entries()) values.set(embedding, row * columns)
  return { model, timings, tensors: [{ name: 'embeddings', shape: [embeddings.length, columns], values }] }
}

async function assign(serving: Serving, request: ServingRequest, parameters: Infer['parameters']): Promise<Part> {
  const { model, posterior, results, timings } = await serving.assign({
    ...request,
    topK: parameters?.top_k ?? DEFAULT_TOP_K,
    posterior: parameters?.posterior ?? null,
    temperature: null
  })
  const rows = results.map(({ assignments }) => assignments)
  const shape = [rows.length, rows[0]?.length ?? 0]
  const prototypes = Int32Array.from(rows.flat(), ({ prototype }) => prototype)
  const probabilities = Float32Array.from(rows.flat(), ({ probability }) => probability)
  return {
    model: { name: model.id, version: model.version },
    posterior,
    timings,
    tensors: [
      { name: 'prototypes', shape, values: prototypes },
      { name: 'probabilities', shape, values: probabilities }
    ]
  }
}

/** @throws AppError of ServingService, in the protocol's terms */
export async function runInference(
  { serving, rates, metrics }: ServingRoutesDeps,
  { asked, images, model, request, reply }: InferWork
): Promise<Omit<Part, 'timings'>> {
  const { projectId } = request.principal
  const common = { projectId, model, images, caller: callerOf(rates, request, reply) }
  const names: readonly OutputName[] = asked.outputs?.map(({ name }) => name) ?? ['embeddings']
  const wanted = new Set(names.length === 0 ? (['embeddings'] as const) : names)
  const parts: Part[] = []
  try {
    if (wanted.has('embeddings')) parts.push(await embed(serving, common, asked.parameters?.dimensions ?? null))
    if (wanted.has('prototypes') || wanted.has('probabilities'))
      parts.push(await assign(serving, common, asked.parameters))
  } catch (error) {
    throw inTensorTerms(error)
  }
  for (const { tensors, timings } of parts)
    metrics.countInference(tensors[0]?.name === 'embeddings' ? 'embed' : 'assign', images.length, timings)
  reply.header('server-timing', parts.map(({ timings }) => formatTimings(timings)).join(', '))
  const tensors = parts.flatMap((part) => part.tensors).filter(({ name }) => wanted.has(name))
  const { model: found, posterior } = parts.at(-1)!
  return { model: found, tensors, ...(posterior !== undefined && { posterior }) }
}
