// Makes the bucket S3_BUCKET at S3_ENDPOINT if it is not there, and lets browsers at KAPPA_PUBLIC_URL upload into it. For
// installations whose store begins empty, such as that of compose.yaml; a bucket of AWS is made by whoever owns the account.
import { CreateBucketCommand, HeadBucketCommand, PutBucketCorsCommand, S3Client } from '@aws-sdk/client-s3'

const {
  S3_BUCKET: Bucket,
  S3_ENDPOINT: endpoint,
  S3_REGION: region = 'us-east-1',
  KAPPA_PUBLIC_URL: origin
} = process.env
if (!Bucket) {
  process.stderr.write('S3_BUCKET is not set\n')
  process.exit(2)
}
const client = new S3Client({ region, ...(endpoint && { endpoint, forcePathStyle: true }) })
const isThere = await client.send(new HeadBucketCommand({ Bucket })).then(
  () => true,
  (error) => {
    if (error.$metadata?.httpStatusCode === 404) return false
    // Whoever started this tries again: the store may be on its way.
    process.stderr.write(`the store does not answer for ${Bucket}: ${error.code ?? error.name}\n`)
    process.exit(1)
  }
)
if (!isThere) await client.send(new CreateBucketCommand({ Bucket }))
process.stdout.write(`${Bucket}: ${isThere ? 'was there' : 'made'}\n`)
if (origin) {
  const CORSRules = [
    { AllowedOrigins: [origin], AllowedMethods: ['PUT', 'GET'], AllowedHeaders: ['*'], ExposeHeaders: ['ETag'] }
  ]
  try {
    await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    process.stdout.write(`browsers at ${origin} may upload\n`)
  } catch (error) {
    // Programs upload all the same; the dashboard's uploads need it.
    process.stderr.write(`!! NO CORS RULES: this store takes none (${error.name}); the dashboard cannot upload\n`)
  }
}
client.destroy()
