# shellcheck shell=sh
# Debian and Ubuntu. A first boot has its own apt at work: its timers wait, and so do we.

packages_prepare() {
  export DEBIAN_FRONTEND=noninteractive APT_CONFIG="${work:?}/apt.conf"
  cat >"$APT_CONFIG" <<'END'
DPkg::Lock::Timeout "300";
Dpkg::Options { "--force-confdef"; "--force-confold"; };
END
  paused=
  for timer in apt-daily.timer apt-daily-upgrade.timer; do
    if systemctl is-active --quiet "$timer" 2>/dev/null; then paused="$paused $timer"; fi
  done
  # shellcheck disable=SC2086 # a list of words
  [ -z "$paused" ] || systemctl stop $paused
}

packages_done() {
  # shellcheck disable=SC2086
  [ -z "${paused-}" ] || systemctl start $paused
}

# The lock of the package lists is one that apt does not wait for by itself.
packages_refresh() {
  tries=0
  until said=$(apt-get -q update 2>&1); do
    case $said in
    *"Could not get lock"* | *"Unable to lock"*) ;;
    *)
      printf '%s\n' "$said"
      fail "apt-get update failed"
      ;;
    esac
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "another program has held the lock of apt for 5 minutes"
    sleep 3
  done
}

packages_wait() {
  packages_refresh
}

packages_install() {
  apt-get -q install --yes --no-install-recommends "$@"
}

# Also to an older version.
packages_change() {
  apt-get -q install --yes --no-install-recommends --allow-downgrades "$@"
}

packages_upgrade() {
  apt-get -q install --yes --only-upgrade "$@"
}

packages_has() {
  [ -n "$(apt-cache madison "$1")" ]
}

packages_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# packages_find PACKAGE VERSION: the newest that is VERSION but for its epoch and the packager's suffix, to install
packages_find() {
  found=$(apt-cache madison "$1" | awk -F '|' -v wanted="$2" '
    { gsub(/ /, "", $2); plain = $2; sub(/^[0-9]+:/, "", plain) }
    index(plain, wanted) == 1 && substr(plain, length(wanted) + 1) !~ /^[0-9]/ { print $2; exit }')
  [ -n "$found" ] || fail "there is no $1 of version $2" "apt-cache madison $1 on the host lists what there is"
  printf '%s=%s\n' "$1" "$found"
}

packages_owner() {
  owner=$(dpkg-query -S "$(readlink -f "$1")" 2>/dev/null) && printf '%s\n' "${owner%%:*}"
}

packages_hold() {
  apt-mark hold "$@"
}

packages_release() {
  apt-mark unhold "$@"
}

packages_held() {
  apt-mark showhold "$1" | grep -qx "$1"
}
