import { Client } from 'pg'

/**
 * A connection that may end at any time. Between two owners, the pool and a query or a transaction, nobody listens to it, and a
 * server that ends in the same packet as its answer is heard just then: an error that nobody listens to ends the process.
 * Whoever owns it next hears of it from its own statement.
 */
export class SteadyClient extends Client {
  constructor(config?: ConstructorParameters<typeof Client>[0]) {
    super(config)
    this.on('error', () => {})
  }
}
