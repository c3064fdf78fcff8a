# shellcheck shell=sh
# How every script ends and what it tells the client: lines that begin with "machine-".
set -eu

# fail MESSAGE [HINT]
fail() {
  printf 'machine-error: %s\n' "$1" >&2
  [ -z "${2-}" ] || printf 'machine-hint: %s\n' "$2" >&2
  exit 1
}

notice() {
  printf 'machine-notice: %s\n' "$1"
}

# fact NAME: tells stdin, byte for byte
fact() {
  printf 'machine-fact: %s %s\n' "$1" "$(base64 | tr -d '\n')"
}

# take SIZE: so many bytes of stdin, at least one, and none that follows; at once where dd can wait for a whole block
take() {
  if dd iflag=fullblock count=0 </dev/null >/dev/null 2>&1; then
    dd iflag=fullblock bs="$1" count=1 status=none
  else
    dd bs=1 count="$1" status=none
  fi
}
