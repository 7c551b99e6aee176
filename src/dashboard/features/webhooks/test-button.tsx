import { useMutation } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { WebhookTest } from '../../../client/resources.ts'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'

export function TestButton({ id }: { readonly id: string }) {
  const client = useClient()
  const test = useMutation({
    mutationFn: () => dataOf(client.POST('/v1/webhooks/{id}:test', { params: { path: { id } } }))
  })
  const problem = problemOf(test)
  return (
    <>
      <button type="button" disabled={test.isPending} onClick={() => test.mutate()}>
        {test.isPending ? 'Waiting for the answer' : 'Send a test event'}
      </button>
      {problem && <ProblemNotice problem={problem} />}
      {test.data && !test.isPending && <Outcome test={test.data} />}
    </>
  )
}

function Outcome({ test }: { readonly test: WebhookTest }) {
  const { response_status: status, response_body: body, error, duration_ms: duration } = test
  const isTaken = status !== null && status >= 200 && status < 300
  return (
    <div className={`notice ${isTaken ? 'good' : 'bad'}`} role="status">
      <p>{error ?? `The endpoint answered ${status} after ${duration} ms.`}</p>
      {body !== null && body !== '' && (
        <p>
          <code className="break">{body}</code>
        </p>
      )}
    </div>
  )
}
