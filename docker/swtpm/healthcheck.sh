#!/bin/bash
# Every TPM that is free must answer TPM2_GetRandom; one that serves a client has shown that it lives.
# (A swtpm has one client at a time: a second connection would wait for the end of the first.)
set -euo pipefail

in_use() {
  local port_hex
  port_hex=$(printf '%04X' "$1")
  # Columns of /proc/net/tcp: slot, local address:port, remote, state (01 is established).
  awk -v port=":$port_hex" 'substr($2, 9) == port && $4 == "01" { found = 1 } END { exit !found }' /proc/net/tcp
}

answers() {
  local first
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  # TPM_ST_NO_SESSIONS, 12 bytes, TPM_CC_GetRandom, 8 bytes wanted
  printf '\x80\x01\x00\x00\x00\x0c\x00\x00\x01\x7b\x00\x08' >&3
  # 20 bytes: header of 10 with response code 0, size 8, the bytes
  first=$(timeout 5 head -c 20 <&3 | od -An -tx1 -N 12 | tr -d ' \n')
  exec 3>&-
  [ "$first" = 800100000014000000000008 ]
}

for ((index = 0; index < ${TPM_COUNT:-1}; index++)); do
  port=$((${TPM_PORT:-2321} + 2 * index))
  in_use "$port" || answers "$port" || { echo "TPM $index does not answer"; exit 1; }
done
