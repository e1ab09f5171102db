#!/bin/bash
# TPM_COUNT software TPMs: number i answers on TPM_PORT + 2 i, its control channel on the port after that.
# A TPM that ends is started again on its own state, as a board that is switched on again.
set -euo pipefail

: "${TPM_COUNT:=1}" "${TPM_PORT:=2321}" "${TPM_STATE_DIRECTORY:=/tpm}"
fail() { printf 'swtpm: %s\n' "$*" >&2; exit 2; }
[[ $TPM_COUNT =~ ^[1-9][0-9]{0,3}$ ]] || fail "TPM_COUNT=$TPM_COUNT is not a number from 1 to 9999"
[[ $TPM_PORT =~ ^[1-9][0-9]{0,4}$ ]] && ((TPM_PORT + 2 * TPM_COUNT - 1 <= 65535)) \
  || fail "TPM_PORT=$TPM_PORT leaves no ports for $TPM_COUNT TPMs"

declare -A index_of
start() {
  local index=$1 port=$((TPM_PORT + 2 * $1)) state=$TPM_STATE_DIRECTORY/$1
  mkdir -p -m 700 "$state"
  swtpm socket --tpm2 --tpmstate "dir=$state,mode=0600" --flags not-need-init,startup-clear \
    --server "type=tcp,port=$port,bindaddr=0.0.0.0" --ctrl "type=tcp,port=$((port + 1)),bindaddr=0.0.0.0" &
  index_of[$!]=$index
}
stop() {
  trap - TERM INT
  kill "${!index_of[@]}" 2>/dev/null || true
  wait
  exit 0
}
trap stop TERM INT

for ((index = 0; index < TPM_COUNT; index++)); do start "$index"; done
printf 'swtpm: %s TPMs, ports %s to %s\n' "$TPM_COUNT" "$TPM_PORT" "$((TPM_PORT + 2 * TPM_COUNT - 1))"
early=0
while true; do
  began=$SECONDS status=0
  wait -n -p ended || status=$?
  index=${index_of[$ended]}
  unset "index_of[$ended]"
  early=$((SECONDS - began > 1 ? 0 : early + 1))
  ((early < 10)) || { printf 'swtpm: TPMs end as soon as they start\n' >&2; kill "${!index_of[@]}"; exit 1; }
  start "$index"
  printf 'swtpm: TPM %s ended with %s and is started again\n' "$index" "$status"
done
