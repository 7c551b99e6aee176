/** The API: a function behind its URL, or tasks behind a load balancer. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as certificates from 'aws-cdk-lib/aws-certificatemanager'
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as patterns from 'aws-cdk-lib/aws-ecs-patterns'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import * as events from 'aws-cdk-lib/aws-events'
import * as targets from 'aws-cdk-lib/aws-events-targets'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Data } from './data.ts'
import { grantData } from './grants.ts'
import { imageOf } from './image.ts'
import type { Settings } from './settings.ts'

interface ApiProps {
  readonly vpc: ec2.Vpc
  readonly data: Data
  readonly settings: Settings
  /** dist/lambda of `npm run lambda -- --node`; in tests any folder. */
  readonly code: string
}

const subnets = { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }

export class FunctionApi extends Construct {
  readonly errors: cloudwatch.Metric

  constructor(scope: Construct, id: string, { vpc, data, code }: ApiProps) {
    super(scope, id)
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY
    })
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') })
    const network = [
      'CreateNetworkInterface',
      'DescribeNetworkInterfaces',
      'DescribeSubnets',
      'DeleteNetworkInterface',
      'AssignPrivateIpAddresses',
      'UnassignPrivateIpAddresses'
    ]
    role.addToPolicy(new iam.PolicyStatement({ actions: network.map((one) => `ec2:${one}`), resources: ['*'] }))
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn]
      })
    )
    grantData(role, data)
    const api = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: lambda.Architecture.X86_64,
      handler: 'bootstrap',
      code: lambda.Code.fromAsset(code),
      role,
      memorySize: 1769,
      timeout: Duration.minutes(15),
      // Two connections each: 80 of what the database has.
      reservedConcurrentExecutions: 40,
      vpc,
      vpcSubnets: subnets,
      securityGroups: [data.clients],
      logGroup,
      environment: {
        ...data.environment,
        KAPPA_DATABASE_POOL: '2',
        KAPPA_DATA: '/tmp/kappa',
        KAPPA_LAMBDA_RESPONSES: 'streamed'
      }
    })
    // Kappa asks for a key by itself.
    api.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE, invokeMode: lambda.InvokeMode.RESPONSE_STREAM })
    const event = events.RuleTargetInput.fromObject({ kappa: 'send-webhooks' })
    new events.Rule(this, 'Webhooks', {
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [new targets.LambdaFunction(api, { event, retryAttempts: 0 })]
    })
    this.errors = api.metricErrors()
  }
}

export class TaskApi extends Construct {
  readonly errors: cloudwatch.Metric

  constructor(scope: Construct, id: string, { vpc, data, settings }: ApiProps) {
    super(scope, id)
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED })
    const taskRole = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') })
    grantData(taskRole, data)
    const service = new patterns.ApplicationLoadBalancedFargateService(this, 'Service', {
      cluster,
      cpu: 512,
      memoryLimitMiB: 1024,
      desiredCount: 2,
      protocol: elb.ApplicationProtocol.HTTPS,
      certificate: certificates.Certificate.fromCertificateArn(this, 'Certificate', settings.certificate),
      redirectHTTP: true,
      taskSubnets: subnets,
      securityGroups: [data.clients],
      circuitBreaker: { rollback: true },
      minHealthyPercent: 100,
      // Event streams say that they are there every 15 s.
      idleTimeout: Duration.seconds(60),
      taskImageOptions: {
        image: imageOf(this, settings.image),
        containerPort: 8080,
        taskRole,
        command: ['node', 'src/bin/api.ts'],
        environment: { ...data.environment, HOST: '0.0.0.0', KAPPA_TRUST_PROXY: '1', KAPPA_DATA: '/tmp/kappa' }
      }
    })
    service.targetGroup.configureHealthCheck({ path: '/readyz' })
    // It asks nobody for a key: rules go by letters, and so does Kappa. What scrapes asks the tasks.
    service.listener.addAction('Metrics', {
      priority: 1,
      conditions: [elb.ListenerCondition.pathPatterns(['/metrics'])],
      action: elb.ListenerAction.fixedResponse(404, { contentType: 'text/plain' })
    })
    this.errors = service.loadBalancer.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT)
  }
}
