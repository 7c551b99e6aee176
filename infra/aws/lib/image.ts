import * as ecr from 'aws-cdk-lib/aws-ecr'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'

/** Whoever starts it may pull it. */
export function imageOf(scope: Construct, image: string): ecs.ContainerImage {
  const [name = '', tag = 'latest'] = image.split(':')
  return ecs.ContainerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(scope, 'Image', name), tag)
}
