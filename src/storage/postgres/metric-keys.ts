import { type SQL, sql } from 'drizzle-orm'

/**
 * `keys (key)` for a `with recursive`: what curves a run has, one step down the index each; `select distinct` reads every point.
 */
export const keysOf = (runId: string): SQL => sql`
  names (key) as (
    (select key from run_metrics where run_id = ${runId} order by key limit 1)
    union all
    select (select key from run_metrics where run_id = ${runId} and key > names.key order by key limit 1)
    from names where names.key is not null
  ), keys as (select key from names where key is not null)`
