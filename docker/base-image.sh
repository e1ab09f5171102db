#!/usr/bin/env bash
# Sees to it that the base image of our Dockerfiles is here: pulled, or made with debootstrap where no registry answers.
# Idempotent: nothing happens when the image is here already.
#
#   docker/base-image.sh            pull it; make it when that fails
#   docker/base-image.sh --local    make it, pulled or not: for machines whose package sources are mirrors of their own
#
# One that is made here knows this machine's package sources and the CAs that were added to its trust store, so the
# Dockerfiles need to know of neither. It is for this machine: do not publish images that stand on it.
#
#   DEBIAN_MIRROR=URL    where debootstrap reads, when this machine's apt does not know (it is no Debian)
set -euo pipefail

readonly IMAGE=debian:bookworm-slim SUITE=bookworm
local_only=false
[ "${1:-}" = --local ] && local_only=true

say() { printf 'base-image: %s\n' "$*" >&2; }
fail() { say "$@"; exit 3; }

# Lines of "URI suite component", as this machine's own apt reads Debian.
debian_sources() {
  command -v apt-get >/dev/null || return 0
  # shellcheck disable=SC2016  # the placeholders are apt's
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null \
    | sed -n "s/^Debian \([^ ]* $SUITE[a-z-]* main\)$/\1/p" | sort -u
}

# What makes an image of a Debian slim: nobody reads manuals in a container.
slim_down() {
  cat >"$1/etc/dpkg/dpkg.cfg.d/docker" <<'DPKG'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
DPKG
  find "$1/usr/share/doc" -type f ! -name copyright -delete
  find "$1/usr/share/doc" -depth -type d -empty -delete
  rm -rf "$1"/usr/share/{info,man,locale}/* "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/*.log
}

make_image() {
  [ "$(id -u)" -eq 0 ] || fail "no registry answers; run this as root once: it makes $IMAGE with debootstrap"
  command -v debootstrap >/dev/null || fail 'no registry answers; install debootstrap: apt-get install debootstrap'
  local sources mirror root
  sources=$(debian_sources)
  mirror=${DEBIAN_MIRROR:-$(awk -v suite="$SUITE" '$2 == suite { print $1; exit }' <<<"$sources")}
  [ -n "$mirror" ] || fail "this machine's apt does not read Debian $SUITE: say DEBIAN_MIRROR=URL"
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # what it is now
  trap "rm -rf '$root'" EXIT
  say "debootstrap $SUITE (about half a minute)"
  debootstrap --variant=minbase "$SUITE" "$root/root" "$mirror" >"$root/log" 2>&1 || {
    tail -n 20 "$root/log" >&2
    fail 'debootstrap failed; its last lines are above'
  }
  sed 's/^/deb /' <<<"${sources:-$mirror $SUITE main}" >"$root/root/etc/apt/sources.list"
  apt-config dump 2>/dev/null | grep -E '^Acquire::Check-' >"$root/root/etc/apt/apt.conf.d/90machine" || true
  mkdir -p "$root/root/usr/local/share/ca-certificates"
  find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$root/root/usr/local/share/ca-certificates/" \; 2>/dev/null || true
  slim_down "$root/root"
  tar -C "$root/root" --numeric-owner --one-file-system -c . \
    | docker import --change 'CMD ["bash"]' --change 'LABEL dps-rig=base' - "$IMAGE" >/dev/null
  say "$IMAGE made"
}

docker info >/dev/null 2>&1 || fail 'the Docker engine does not answer; start it (dockerd), or: apt-get install docker.io'
if ! $local_only; then
  docker image inspect "$IMAGE" >/dev/null 2>&1 && exit 0
  timeout 120 docker pull --quiet "$IMAGE" >/dev/null 2>&1 && exit 0
fi
make_image
