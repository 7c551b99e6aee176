/** The whole installation as one stack. */
import { type App, Stack } from 'aws-cdk-lib'
import * as budgets from 'aws-cdk-lib/aws-budgets'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { FunctionApi, TaskApi } from './api.ts'
import { Data } from './data.ts'
import type { Settings } from './settings.ts'
import { Training } from './training.ts'

export class KappaStack extends Stack {
  constructor(app: App, settings: Settings, code: string) {
    super(app, `kappa-${settings.api}`)
    const kind = [
      { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24 },
      { name: 'inside', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
      { name: 'data', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 26 }
    ]
    const vpc = new ec2.Vpc(this, 'Network', {
      maxAzs: 2,
      natGateways: 1,
      subnetConfiguration: kind,
      restrictDefaultSecurityGroup: false
    })
    vpc.addFlowLog('Flows')
    // Free, and datasets do not pay for their way through the NAT gateway.
    vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 })
    const data = new Data(this, 'Data', vpc)
    const Api = settings.api === 'lambda' ? FunctionApi : TaskApi
    const api = new Api(this, 'Api', { vpc, data, settings, code })
    new Training(this, 'Training', { vpc, data, settings })
    this.watch(api.errors, data, settings)
  }

  private watch(errors: cloudwatch.Metric, { database }: Data, { budget, email }: Settings): void {
    const alarm = (id: string, metric: cloudwatch.Metric, threshold: number, isBelow = false) =>
      new cloudwatch.Alarm(this, id, {
        metric,
        threshold,
        evaluationPeriods: 3,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
        comparisonOperator: isBelow
          ? cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
          : cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
      })
    alarm('ApiErrors', errors, 5)
    alarm('DatabaseProcessor', database.metricCPUUtilization(), 80)
    alarm('DatabaseDisk', database.metricFreeStorageSpace(), 10 * 2 ** 30, true)
    alarm('DatabaseConnections', database.metricDatabaseConnections(), 300)
    new budgets.CfnBudget(this, 'Budget', {
      budget: { budgetType: 'COST', timeUnit: 'MONTHLY', budgetLimit: { amount: budget, unit: 'USD' } },
      notificationsWithSubscribers: [
        {
          notification: { notificationType: 'ACTUAL', comparisonOperator: 'GREATER_THAN', threshold: 80 },
          subscribers: [{ subscriptionType: 'EMAIL', address: email }]
        }
      ]
    })
  }
}
