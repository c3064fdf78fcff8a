#!/bin/sh
# Makes a Debian base image without a registry, from the mirror that this computer's own apt uses.
# usage: base.sh PROGRAM TAG RELEASE
#   PROGRAM: docker or podman. RELEASE: of Debian, e.g. trixie; a computer with another distribution, whose mirror has
#   none of Debian, gives its own. Needs root and debootstrap.
set -eu

# The first source that has this computer's own release, in either form of sources.list(5): "URI COMPONENT,..."
source_of() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /dev/null 2>/dev/null |
    awk -v suite="$1" '
      $1 == "deb" {
        at = 2
        if ($2 ~ /^\[/) while ($(at++) !~ /\]$/) continue
        if ($(at + 1) != suite) next
        uri = $at; components = ""
        for (at += 2; at <= NF; at++) components = components (components == "" ? "" : ",") $at
        print uri, components
        exit
      }'
  cat /etc/apt/sources.list.d/*.sources /dev/null 2>/dev/null |
    awk -v suite="$1" '
      function field(name) { return match($0, "(^|\n)" name ":[^\n]*") ? substr($0, RSTART, RLENGTH) : "" }
      BEGIN { RS = "" }
      {
        sub(/^\n/, "")
        if ((field("Suites") " ") !~ (" " suite " ")) next
        uris = field("URIs"); sub(/[^:]*: */, "", uris); sub(/ .*/, "", uris)
        components = field("Components"); sub(/[^:]*: */, "", components); gsub(/ +/, ",", components)
        print uris, components
        exit
      }'
}

fail() {
  echo "$1" >&2
  exit 1
}

program=$1
tag=$2
[ "$(id -u)" = 0 ] || fail "only root can make a base image by debootstrap"
command -v debootstrap >/dev/null || fail "debootstrap is not installed: apt-get install debootstrap"
own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
[ -n "$own" ] || fail "/etc/os-release has no VERSION_CODENAME: this is no Debian"
read -r mirror components <<END
$(source_of "$own" | head -n 1)
END
[ -n "${mirror:-}" ] || fail "apt of this computer has no source for $own"
suite=$own
scripts=${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}/scripts
script=$scripts/$suite
if grep -q '^ID=debian$' /etc/os-release; then
  suite=$3
  script=$scripts/$suite
  # One that is older than the release lacks its script; those of Debian's releases are all that of sid.
  [ -e "$script" ] || script=$scripts/sid
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' TERM INT HUP
debootstrap --variant=minbase --components="$components" "$suite" "$folder" "$mirror" "$script"
echo "deb $mirror $suite $(echo "$components" | tr , ' ')" >"$folder/etc/apt/sources.list"
tar -C "$folder" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude=./etc/resolv.conf \
  --exclude=./etc/hostname -c . | "$program" import - "$tag"
