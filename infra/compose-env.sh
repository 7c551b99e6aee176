#!/bin/sh
# Writes infra/.env, the secrets of compose.yaml, once: what is there stays, since the database keeps its first password.
set -eu
cd "$(dirname "$0")"
if [ -e .env ]; then
  echo "infra/.env is there and stays as it is. The version of the images is its line KAPPA_VERSION." >&2
  exit 1
fi
secret() { node -p 'crypto.randomBytes(24).toString("hex")'; }
umask 077
cat > .env <<END
KAPPA_VERSION=$(docker/tags.sh)
POSTGRES_PASSWORD=$(secret)
S3_SECRET_KEY=$(secret)
GRAFANA_PASSWORD=$(secret)
KAPPA_ADMIN_KEY=kappa_first_$(secret)
KAPPA_SECRET_KEY=$(secret)
END
echo "infra/.env is written. The admin key is its line KAPPA_ADMIN_KEY."
