/** What is checked with which tools. They are looked for in .cache/infra-tools, on the PATH and where `go install` puts them. */

export interface Check {
  readonly name: string
  /** Without one of them the check is skipped, loudly. */
  readonly needs: readonly string[]
  readonly command: readonly string[]
  /** Files, by patterns from the project's folder, that come after the command. None at all is a failure. */
  readonly files?: readonly string[]
}

const TESTS = ['node', '--test', '--test-reporter=dot']
const CDK = 'infra/aws/node_modules/aws-cdk-lib/package.json'

export const CHECKS: readonly Check[] = [
  {
    name: 'tests of images, compose.yaml and alerts',
    needs: [],
    command: TESTS,
    files: ['test/infra/*.test.ts', 'test/infra/docker/*.test.ts']
  },
  { name: 'Dockerfile (hadolint)', needs: ['hadolint'], command: ['hadolint'], files: ['infra/docker/Dockerfile'] },
  { name: 'scripts (shellcheck)', needs: ['shellcheck'], command: ['shellcheck'], files: ['infra/**/*.sh'] },
  {
    name: 'compose.yaml (schema of the Compose Specification)',
    needs: [],
    command: ['node', 'test/infra/compose-schema.ts']
  },
  {
    name: 'Prometheus settings and rules (promtool)',
    needs: ['promtool'],
    command: ['promtool', 'check', 'config', 'infra/prometheus/prometheus.yml']
  },
  {
    name: 'alerts fire, and rest while all is well (promtool)',
    needs: ['promtool'],
    command: ['promtool', 'test', 'rules', 'infra/prometheus/alerts.test.yml']
  },
  {
    name: 'systemd units (systemd-analyze)',
    needs: ['systemd-analyze'],
    command: ['node', 'test/infra/systemd-units.ts'],
    files: ['infra/systemd/*.service']
  },
  { name: 'chart (helm lint)', needs: ['helm'], command: ['node', 'test/infra/kubernetes/lint.ts'] },
  {
    name: 'what the chart makes (helm template)',
    needs: ['helm'],
    command: TESTS,
    files: ['test/infra/kubernetes/*.test.ts']
  },
  {
    name: 'what the chart makes (kubeconform)',
    needs: ['helm', 'kubeconform', 'schemas/deployment-apps-v1.json', 'schemas/scaledjob-keda-v1alpha1.json'],
    command: ['node', 'test/infra/kubernetes/conform.ts']
  },
  {
    name: 'AWS stack: types',
    needs: [CDK],
    command: ['node', 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'infra/aws/tsconfig.json']
  },
  {
    name: 'AWS stack: synthesis, cdk-nag, roles, cfn-lint',
    needs: [CDK, 'cfn-lint'],
    command: TESTS,
    files: ['infra/aws/test/*.test.ts']
  }
]
