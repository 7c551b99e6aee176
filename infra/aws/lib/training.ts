/** Legs of runs on spot machines with GPUs, from none to as many as wait, and the dispatcher that submits them. */
import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib'
import * as batch from 'aws-cdk-lib/aws-batch'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Data } from './data.ts'
import { grantData } from './grants.ts'
import { imageOf } from './image.ts'
import type { Settings } from './settings.ts'

interface TrainingProps {
  readonly vpc: ec2.Vpc
  readonly data: Data
  readonly settings: Settings
}

/** Trainers save within 120 s, workers end within 150; the agent kills after 30 unless it is told. */
const AGENT = `#!/bin/bash
echo ECS_CONTAINER_STOP_TIMEOUT=150s >> /etc/ecs/ecs.config
`

export class Training extends Construct {
  constructor(scope: Construct, id: string, { vpc, data, settings }: TrainingProps) {
    super(scope, id)
    const image = imageOf(this, settings.image)
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY
    })
    const logging = ecs.LogDriver.awsLogs({ streamPrefix: 'kappa', logGroup })
    const userData = new ec2.MultipartUserData()
    userData.addUserDataPart(ec2.UserData.custom(AGENT), 'text/x-shellscript; charset="us-ascii"', true)
    const launchTemplate = new ec2.LaunchTemplate(this, 'Machine', {
      userData,
      requireImdsv2: true,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(200, { encrypted: true, volumeType: ec2.EbsDeviceVolumeType.GP3 })
        }
      ]
    })
    const computeEnvironment = new batch.ManagedEc2EcsComputeEnvironment(this, 'Spot', {
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [data.clients],
      spot: true,
      allocationStrategy: batch.AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED,
      images: [{ imageType: batch.EcsMachineImageType.ECS_AL2023_NVIDIA }],
      instanceTypes: [
        ec2.InstanceType.of(ec2.InstanceClass.G5, ec2.InstanceSize.XLARGE2),
        ec2.InstanceType.of(ec2.InstanceClass.G6, ec2.InstanceSize.XLARGE2)
      ],
      useOptimalInstanceClasses: false,
      minvCpus: 0,
      maxvCpus: 64,
      launchTemplate
    })
    const queue = new batch.JobQueue(this, 'Queue', { computeEnvironments: [{ computeEnvironment, order: 1 }] })
    const jobRole = new iam.Role(this, 'WorkerRole', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') })
    grantData(jobRole, data)
    const definition = new batch.EcsJobDefinition(this, 'Worker', {
      container: new batch.EcsEc2ContainerDefinition(this, 'Container', {
        image,
        command: ['node', 'src/bin/worker.ts'],
        // Both are said anew by each leg.
        cpu: 4,
        memory: Size.gibibytes(8),
        gpu: 1,
        jobRole,
        logging,
        environment: { ...data.environment, KAPPA_ENGINE: 'auto' }
      })
    })
    const taskRole = new iam.Role(this, 'DispatcherRole', {
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com')
    })
    grantDispatcher(taskRole, { data, queue, definition })
    const task = new ecs.FargateTaskDefinition(this, 'Dispatcher', { cpu: 256, memoryLimitMiB: 512, taskRole })
    const environment = {
      ...data.environment,
      KAPPA_LAUNCHER: 'aws-batch',
      KAPPA_LAUNCH_ANY: 'gpu',
      KAPPA_LAUNCH_MAX: '16',
      KAPPA_LAUNCH_DEVICES: '1'
    }
    const place = { KAPPA_BATCH_GPU: `${queue.jobQueueArn} ${definition.jobDefinitionArn}` }
    task.addContainer('launch', {
      image,
      logging,
      command: ['node', 'src/bin/launch.ts'],
      environment: { ...environment, ...place },
      stopTimeout: Duration.seconds(30)
    })
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED })
    new ecs.FargateService(this, 'Service', {
      cluster,
      taskDefinition: task,
      desiredCount: 1,
      minHealthyPercent: 0,
      securityGroups: [data.clients],
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }
    })
  }
}

interface Reach {
  readonly data: Data
  readonly queue: batch.JobQueue
  readonly definition: batch.EcsJobDefinition
}

function grantDispatcher(role: iam.Role, { data, queue, definition }: Reach): void {
  const allow = (actions: string[], resources: string[]) =>
    role.addToPolicy(new iam.PolicyStatement({ actions, resources }))
  allow(['batch:ListJobs'], ['*'])
  allow(['batch:SubmitJob', 'batch:TagResource'], [queue.jobQueueArn, definition.jobDefinitionArn, jobsOf(role)])
  allow(['batch:TerminateJob'], [jobsOf(role)])
  allow(['secretsmanager:GetSecretValue'], [data.login.secretArn, data.secretKey.secretArn])
  allow(['kms:Decrypt'], [data.key.keyArn])
}

const jobsOf = (role: iam.Role): string =>
  Stack.of(role).formatArn({ service: 'batch', resource: 'job', resourceName: '*' })
