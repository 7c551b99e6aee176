import type { WebhookDelivery } from '../../../client/resources.ts'

type Answered = Pick<WebhookDelivery, 'response_status' | 'error'>

/** Both: why it ended for us does not hide what its endpoint said. */
export const answerInWords = ({ response_status: status, error }: Answered): string =>
  [status === null ? null : String(status), error].filter((part) => part !== null).join(': ') || '–'
