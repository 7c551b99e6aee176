/** What cdk-nag finds and stays, each with its reason. A new finding fails the synthesis. */
import { type Stack, Validations } from 'aws-cdk-lib'

const REASONS: Readonly<Record<string, string>> = {
  'AwsSolutions-S1':
    'Kappa has an audit log of its own; access logs of a bucket that every training reads cost more than the objects.',
  'AwsSolutions-SMG4':
    'Kappa reads its login once, at the start: a rotation by itself would end every process. KAPPA_SECRET_KEY cannot be rotated at all, it encrypts what is stored.',
  'AwsSolutions-RDS3':
    'One zone: half the price, and an outage delays runs and loses none. Set multiAz for an API that others depend on.',
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]':
    "Batch's own policy for its machines, whose agent is AWS's.",
  'AwsSolutions-IAM5[Resource::*]':
    'Network interfaces of a function, ListJobs of Batch and the login of a registry cannot be narrowed. test/roles.json has every statement.',
  'AwsSolutions-IAM5[Resource::<DataObjectsE4F380A5.Arn>/*]':
    'Objects lie below prefixes that are made as they go, in a bucket of its own.',
  'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:job/*]':
    'The id of a job is not known before it is submitted.',
  'AwsSolutions-ECS2': 'The environment has names and references, no secret: docs/deploy/aws.md.',
  'AwsSolutions-EC23': 'The API is for the internet; every route but its probes asks for a key.',
  'AwsSolutions-ELB2': 'The API logs its requests itself, with whose they were.'
}

export function acknowledge(stack: Stack): void {
  for (const [id, reason] of Object.entries(REASONS)) Validations.of(stack).acknowledge({ id, reason })
}
