/**
 * A store that is frozen, told from one that is slow. The SDK repeats a request that was silent for too long, each time for as long again, and
 * gives up the parts of an upload by one more request, which is silent as well: 180 s for a checkpoint of a worker. So the store is asked
 * something short before a repetition. If it answers, it is slow, or lost one request: the SDK goes on. If not, all ends there.
 */
import { AbortMultipartUploadCommand, HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { isAppError, toError } from '../../base/errors.ts'
import { answeredWithin, type Patience, silent } from './patience.ts'

/** Of what a call may take: it asks for no more than whether there is a bucket. */
const PROBE_SHARE = 1 / 3

const nameOf = ({ name }: { readonly name: string }): string => name
const PROBE = nameOf(HeadBucketCommand)
const GIVE_UP_PARTS = nameOf(AbortMultipartUploadCommand)

/** Of its socket while it was connected; hosts that do not even connect are given up after seconds. */
const wasSilent = (error: Error): boolean => error.name === 'TimeoutError' && error.message.includes('inactivity')

export function giveUpFrozen(client: S3Client, bucket: string, { answerMs, silenceMs }: Patience): void {
  const probeMs = answerMs * PROBE_SHARE
  let frozenAt = Number.NEGATIVE_INFINITY
  const isStillFrozen = () => performance.now() - frozenAt < silenceMs

  /** Whatever the answer is, it is one. */
  async function answers(): Promise<boolean> {
    const ask = (abortSignal: AbortSignal) => client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal })
    return answeredWithin(probeMs, ask).then(
      () => true,
      (error: unknown) => !isAppError(error, 'storage_unavailable')
    )
  }

  client.middlewareStack.add(
    (next, { commandName }) =>
      async (request) => {
        // Parts that stay are collected like all that nobody owns.
        if (commandName === GIVE_UP_PARTS && isStillFrozen()) throw silent(silenceMs)
        try {
          const answer = await next(request)
          frozenAt = Number.NEGATIVE_INFINITY
          return answer
        } catch (thrown) {
          if (commandName === PROBE || !wasSilent(toError(thrown)) || (await answers())) throw thrown
          frozenAt = performance.now()
          throw silent(silenceMs)
        }
      },
    // Within the SDK's repetitions, around what reads the answer.
    { step: 'deserialize', priority: 'high', name: 'giveUpFrozen' }
  )
}
