/** One template, which cdk-nag has looked at. */
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { acknowledge } from './acknowledged.ts'
import type { Settings } from './settings.ts'
import { KappaStack } from './stack.ts'

/** @throws Error ValidationFailed; what was found is in the folder, validation-report.json */
export function synthesize(settings: Settings, code: string, outdir: string): KappaStack {
  const app = new App({ outdir })
  const stack = new KappaStack(app, settings, code)
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  acknowledge(stack)
  app.synth()
  return stack
}
