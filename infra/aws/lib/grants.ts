/** What a role of Kappa may do with data: exactly what its code asks of S3, its two secrets and their key. */
import * as iam from 'aws-cdk-lib/aws-iam'
import type { Data } from './data.ts'

export function grantData(role: iam.IRole, data: Data): void {
  const { bucket, login, secretKey, key } = data
  const allow = (actions: string[], resources: string[]) =>
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources }))
  allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], [bucket.bucketArn])
  allow(
    ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    [bucket.arnForObjects('*')]
  )
  allow(['secretsmanager:GetSecretValue'], [login.secretArn, secretKey.secretArn])
  allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn])
}
