#!/bin/bash
# Asks for the tokens as any client does: through the socket.
set -euo pipefail
found=$(p11-kit list-modules | sed -n 's/^ *token: *//p' | grep -cE "^${TOKEN_LABEL:-dps-rig}(-[0-9]+)?\$" || true)
[ "$found" -ge "${TOKEN_COUNT:-1}" ] || { echo "$found of ${TOKEN_COUNT:-1} tokens"; exit 1; }
