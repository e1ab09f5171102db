#!/usr/bin/env bash
# Builds the images of dps-rig, and prints what they weigh.
#
#   docker/build.sh                    all of them
#   docker/build.sh swtpm softhsm      only these
#
#   DPS_RIG_TAG=1.2.3    their tag (default: latest)
#   BUILD_ARGS='...'     more arguments for docker build
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ALL=(emulator device cli swtpm softhsm tools)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${ALL[@]}")
tag=${DPS_RIG_TAG:-latest}
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
revision=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)

docker/base-image.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target in "${targets[@]}"; do
  began=$SECONDS
  # The host's network: where packages come from a mirror, the host is what reaches it.
  # shellcheck disable=SC2086  # BUILD_ARGS are several
  if ! docker build --force-rm --network host --file docker/Dockerfile --target "$target" --tag "dps-rig/$target:$tag" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" ${BUILD_ARGS:-} . >"$log" 2>&1; then
    # The step that failed, from its beginning: there npm says what is wrong, long before it ends.
    awk '/^Step / { step = "" } { step = step $0 "\n" } END { printf "%s", step }' "$log" | head -n 60 >&2
    printf 'images: dps-rig/%s was not built; the step that failed is above\n' "$target" >&2
    exit 3
  fi
  printf 'images: dps-rig/%s:%s built in %s s\n' "$target" "$tag" "$((SECONDS - began))"
done

printf '\n| image | size |\n| --- | --- |\n'
for target in "${targets[@]}"; do
  bytes=$(docker image inspect --format '{{.Size}}' "dps-rig/$target:$tag")
  printf '| `dps-rig/%s` | %s MB |\n' "$target" "$(((bytes + 500000) / 1000000))"
done
