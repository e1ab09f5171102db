#!/bin/bash
# Runs a program in a network namespace of its own, where nothing leads anywhere, and counts the packets that it sends:
#   unshare --net --mount capture-in-namespace.sh CAPTURE RESOLV_CONF PROGRAM [ARGUMENT...]
# 198.18.0.7 (RFC 2544, for benchmarks) is an address of this namespace and no loopback address; its name server is there too.
# Prints "packets: N" and ends with the program's exit code.
set -u
capture=$1 resolv=$2
shift 2
ip link set lo up
ip addr add 198.18.0.7/32 dev lo
mount --bind "$resolv" /etc/resolv.conf
dumpcap -q -i lo -w "$capture" 2>"$capture.log" &
meter=$!
for _ in $(seq 100); do
  grep -q '^File:' "$capture.log" && break
  sleep 0.1
done
"$@"
code=$?
sleep 0.5 # what was sent last is on its way to the file
kill -INT "$meter"
wait "$meter"
echo "packets: $(capinfos -c -M -T -r "$capture" | cut -f 2)"
exit "$code"
