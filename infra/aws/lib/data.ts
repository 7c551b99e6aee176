/** What must not be lost: PostgreSQL and objects, under one key, reached from inside alone. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as rds from 'aws-cdk-lib/aws-rds'
import * as s3 from 'aws-cdk-lib/aws-s3'
import * as secrets from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'

export class Data extends Construct {
  readonly key: kms.Key
  readonly bucket: s3.Bucket
  readonly database: rds.DatabaseInstance
  readonly login: secrets.ISecret
  /** KAPPA_SECRET_KEY */
  readonly secretKey: secrets.Secret
  /** Whoever has it reaches the database. */
  readonly clients: ec2.SecurityGroup

  constructor(scope: Construct, id: string, vpc: ec2.Vpc) {
    super(scope, id)
    this.key = new kms.Key(this, 'Key', { enableKeyRotation: true, removalPolicy: RemovalPolicy.RETAIN })
    const encryptionKey = this.key
    this.bucket = new s3.Bucket(this, 'Objects', {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.RETAIN,
      // No rule may expire or move an object; parts of uploads that nobody puts together are no objects.
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(2) }],
      cors: [
        { allowedMethods: [s3.HttpMethods.PUT, s3.HttpMethods.GET], allowedOrigins: ['*'], exposedHeaders: ['ETag'] }
      ]
    })
    this.clients = new ec2.SecurityGroup(this, 'Clients', { vpc, description: 'reaches the database' })
    this.database = new rds.DatabaseInstance(this, 'Postgres', {
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17_9 }),
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MEDIUM),
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      port: 5433,
      databaseName: 'kappa',
      credentials: rds.Credentials.fromGeneratedSecret('kappa', { encryptionKey }),
      storageEncrypted: true,
      storageEncryptionKey: encryptionKey,
      allocatedStorage: 50,
      maxAllocatedStorage: 500,
      backupRetention: Duration.days(14),
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      cloudwatchLogsExports: ['postgresql'],
      parameters: { 'rds.force_ssl': '1' }
    })
    this.database.connections.allowDefaultPortFrom(this.clients)
    this.login = this.database.secret!
    this.secretKey = new secrets.Secret(this, 'SecretKey', {
      encryptionKey,
      generateSecretString: { passwordLength: 48, excludePunctuation: true }
    })
  }

  /** Secrets by reference: docs/deploy/aws.md. */
  get environment(): Record<string, string> {
    return {
      DATABASE_URL: `secretsmanager:${this.login.secretArn}?sslmode=no-verify`,
      KAPPA_SECRET_KEY: `secretsmanager:${this.secretKey.secretArn}`,
      S3_BUCKET: this.bucket.bucketName
    }
  }
}
