#!/bin/bash
# Asks for the tokens as any client does: through the socket.
set -euo pipefail
wanted=${TOKEN_COUNT:-1} label="${TOKEN_LABEL:-dps-rig}(-[0-9]+)?"
# 0: whatever is on the volume, at least one.
if [ "$wanted" = 0 ]; then wanted=1 label='.+'; fi
answer=$(p11-kit list-modules 2>&1)
# p11-kit list-modules has room for 256 slots: it is the server that told it of more.
case $answer in *'Not enough space'*) exit 0 ;; esac
found=$(sed -n 's/^ *token: *//p' <<<"$answer" | grep -cE "^$label\$" || true)
[ "$found" -ge "$wanted" ] || { echo "$found of $wanted tokens"; exit 1; }
