# shellcheck shell=sh
# Alpine. A version that is asked for stands in /etc/apk/world, so it is kept by itself.

packages_prepare() {
  :
}

packages_done() {
  :
}

packages_refresh() {
  apk --wait 300 update
}

packages_wait() {
  :
}

packages_install() {
  apk --wait 300 add "$@" || fail "apk cannot install $*" "the engine is in the community repository: see /etc/apk/repositories on the host"
}

packages_change() {
  packages_install "$@"
}

packages_upgrade() {
  apk --wait 300 add --upgrade "$@"
}

packages_has() {
  [ -n "$(apk search --exact "$1")" ]
}

packages_installed() {
  apk info --installed "$1" >/dev/null 2>&1
}

# `~`: any revision of the package
packages_find() {
  found=$(apk list "$1" | sed -n "s/^$1-\([0-9][^ ]*\)-r[0-9]* .*/\1/p" | grep -Fx "$2" | head -n 1)
  [ -n "$found" ] || fail "there is no $1 of version $2" "apk list $1 on the host lists what there is"
  printf '%s~%s\n' "$1" "$found"
}

packages_owner() {
  # The line ends in PACKAGE-VERSION-rREVISION. The engine's binary is in a part of the package that is named here.
  apk info --who-owns "$1" 2>/dev/null | sed -n 's/.* is owned by \(.*\)-[0-9][^-]*-r[0-9]*$/\1/p' | sed 's/^docker-engine$/docker/' | grep .
}

packages_hold() {
  :
}

packages_release() {
  :
}

packages_held() {
  grep -q "^$1[~=<>]" /etc/apk/world
}
