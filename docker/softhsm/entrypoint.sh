#!/bin/bash
# SoftHSM2 tokens behind a p11-kit server: `P11_KIT_SERVER_ADDRESS=unix:path=...` and p11-kit-client.so reach them.
# Makes TOKEN_COUNT tokens with the label TOKEN_LABEL (TOKEN_LABEL-0, -1, ... when there are several) unless they are there;
# 0 serves those of the volume, and needs no PIN.
set -euo pipefail

fail() { printf 'softhsm: %s\n' "$*" >&2; exit 2; }
readonly SOCKET=${P11_KIT_SERVER_ADDRESS#unix:path=}

# value_of NAME: the variable, or what the file says that NAME_FILE names.
value_of() {
  local name=$1 file_name=${1}_FILE
  [ -z "${!name:-}" ] || [ -z "${!file_name:-}" ] || fail "both $name and $file_name are set"
  if [ -z "${!file_name:-}" ]; then printf '%s' "${!name:-}"; return; fi
  [ -r "${!file_name}" ] || fail "$file_name=${!file_name} cannot be read"
  head -n 1 "${!file_name}" | tr -d '\r\n'
}

: "${TOKEN_LABEL:=dps-rig}" "${TOKEN_COUNT:=1}"
[[ $TOKEN_COUNT =~ ^(0|[1-9][0-9]{0,3})$ ]] || fail "TOKEN_COUNT=$TOKEN_COUNT is not a number from 0 to 9999"
user_pin=$(value_of TOKEN_USER_PIN)
[ "$TOKEN_COUNT" = 0 ] || [ -n "$user_pin" ] || fail 'TOKEN_USER_PIN or TOKEN_USER_PIN_FILE is needed: there is no PIN that everybody knows'
so_pin=$(value_of TOKEN_SO_PIN)
# Nobody needs it unless he says so; then nobody has it.
[ -n "$so_pin" ] || so_pin=$(od -An -tx1 -N 16 /dev/urandom | tr -d ' \n')

labels() {
  local index
  [ "$TOKEN_COUNT" != 0 ] || return 0
  if [ "$TOKEN_COUNT" = 1 ]; then printf '%s\n' "$TOKEN_LABEL"; return; fi
  for ((index = 0; index < TOKEN_COUNT; index++)); do printf '%s-%s\n' "$TOKEN_LABEL" "$index"; done
}

existing=$(softhsm2-util --show-slots | sed -n 's/^ *Label: *//p' | sed 's/ *$//')
while read -r label; do
  grep -qxF -- "$label" <<<"$existing" && continue
  softhsm2-util --init-token --free --label "$label" --pin "$user_pin" --so-pin "$so_pin" >/dev/null
done < <(labels)
unset user_pin so_pin TOKEN_USER_PIN TOKEN_SO_PIN

rm -f "$SOCKET"
server=0
trap 'kill "$server" 2>/dev/null; wait; exit 0' TERM INT
p11-kit-server --foreground --name "$SOCKET" --provider "$(find /usr/lib -name libsofthsm2.so -print -quit)" 'pkcs11:' &
server=$!
for ((tries = 0; tries < 200; tries++)); do
  [ -S "$SOCKET" ] && break
  kill -0 "$server" 2>/dev/null || fail 'the p11-kit server ended'
  sleep 0.05
done
# Who may reach the volume may use the tokens; the PIN is what guards the keys.
chmod 666 "$SOCKET"
printf 'softhsm: %s tokens at %s\n' "$TOKEN_COUNT" "$SOCKET"
wait "$server"
