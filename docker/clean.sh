#!/usr/bin/env bash
# Removes every container, volume and network of dps-rig, running or not, whoever started them: all carry its label.
#
#   docker/clean.sh                 keeps the images
#   docker/clean.sh --images        removes them as well
#   docker/clean.sh --only VALUE    only what has the label dps-rig=VALUE
set -euo pipefail

label=dps-rig
[ "${1:-}" != --only ] || label=dps-rig=${2:?--only needs the value of a label}

remove() {
  local what=$1
  shift
  [ $# -eq 0 ] || { printf 'clean: %s %s\n' "$#" "$what"; "${command[@]}" "$@" >/dev/null; }
}

docker info >/dev/null 2>&1 || { echo 'clean: the Docker engine does not answer; start it (dockerd): what was left behind is kept' >&2; exit 3; }
mapfile -t containers < <(docker ps --all --quiet --filter "label=$label")
# --volumes: those without a name go with their container.
command=(docker rm --force --volumes); remove containers "${containers[@]}"
mapfile -t volumes < <(docker volume ls --quiet --filter "label=$label")
command=(docker volume rm --force); remove volumes "${volumes[@]}"
mapfile -t networks < <(docker network ls --quiet --filter "label=$label")
command=(docker network rm); remove networks "${networks[@]}"
if [ "${1:-}" = --images ]; then
  mapfile -t images < <(docker images --quiet --filter label=dps-rig | sort -u)
  command=(docker rmi --force); remove images "${images[@]}"
fi
