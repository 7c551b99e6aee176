import { bounded, MOST_PROBLEM_BYTES } from './bounded.ts'
import { type Problem, parseProblem } from './problem.ts'

/** What a failure says of itself, or what its status says where the body is none of the API's, or has no end. */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await bounded(response, MOST_PROBLEM_BYTES)
    .json()
    .catch(() => null)
  return parseProblem(response.status, body, (name) => response.headers.get(name))
}
