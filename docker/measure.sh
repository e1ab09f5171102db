#!/usr/bin/env bash
# How long the images that serve take from `docker run` to their first real answer: medians of five starts, as a table.
set -euo pipefail

readonly STARTS=5

milliseconds() { date +%s%3N; }

# first_answer HEALTHCHECK ARGUMENTS...: the time of one start
first_answer() {
  local check=$1 began id
  shift
  began=$(milliseconds)
  id=$(docker run --detach --label dps-rig=measure --init --read-only --tmpfs /tmp "$@")
  # shellcheck disable=SC2086  # a program and its arguments
  until docker exec "$id" $check >/dev/null 2>&1; do
    [ "$(docker inspect --format '{{.State.Running}}' "$id")" = true ] || { docker logs "$id" >&2; exit 3; }
    sleep 0.02
  done
  echo $(($(milliseconds) - began))
  docker rm --force --volumes "$id" >/dev/null
}

median() {
  local start
  for ((start = 0; start < STARTS; start++)); do first_answer "$@"; done | sort -n | sed -n "$((STARTS / 2 + 1))p"
}

readonly SHELL_CHECK=/usr/local/lib/dps-rig/healthcheck.sh
printf '| image | from start to first answer |\n| --- | --- |\n'
printf '| `dps-rig/emulator` | %s ms |\n' "$(median 'node docker/emulator/healthcheck.ts' dps-rig/emulator)"
printf '| `dps-rig/swtpm`, 1 TPM | %s ms |\n' "$(median $SHELL_CHECK dps-rig/swtpm)"
printf '| `dps-rig/swtpm`, 50 TPMs | %s ms |\n' "$(median $SHELL_CHECK --env TPM_COUNT=50 dps-rig/swtpm)"
printf '| `dps-rig/softhsm`, 1 token | %s ms |\n' "$(median $SHELL_CHECK --env TOKEN_USER_PIN=1234 dps-rig/softhsm)"
printf '| `dps-rig/softhsm`, 50 tokens | %s ms |\n' "$(median $SHELL_CHECK --env TOKEN_USER_PIN=1234 --env TOKEN_COUNT=50 dps-rig/softhsm)"
