/** What an installation may choose, read from CDK's context: `npm run synth -- --api fargate`. */
import { parseArgs } from 'node:util'

export interface Settings {
  /** Who answers HTTP. */
  readonly api: 'lambda' | 'fargate'
  /** Repository and tag in this account's ECR, of workers and of the API on Fargate. */
  readonly image: string
  /** Of the load balancer in front of Fargate, by ARN; needed there. */
  readonly certificate: string
  /** Dollars a month, at 80 % of which somebody is told. */
  readonly budget: number
  readonly email: string
}

export function readSettings(args: readonly string[]): Settings {
  const options = {
    api: { type: 'string', default: 'lambda' },
    certificate: { type: 'string', default: '' },
    image: { type: 'string', default: 'kappa:latest' },
    budget: { type: 'string', default: '200' },
    email: { type: 'string', default: 'ops@example.com' }
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const { api, image, email, certificate } = values
  if (api !== 'lambda' && api !== 'fargate') throw new Error(`--api must be lambda or fargate, not ${api}`)
  if (api === 'fargate' && !certificate) throw new Error('--api fargate needs --certificate, the ARN of one')
  const budget = Number(values.budget)
  if (!(budget > 0)) throw new Error(`--budget must be a number of dollars, not ${values.budget}`)
  return { api, image, certificate, budget, email }
}
