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

# For the lock of the package lists apt does not wait by itself, for that of the packages not in words that are seen.
packages_refresh() {
  patiently apt-get -q update || fail "apt-get update failed"
  patiently apt-get -q -o DPkg::Lock::Timeout=0 check || mend_packages
}

# patiently COMMAND...: as soon as no other program holds the lock that it needs
patiently() {
  tries=0
  until said=$("$@" 2>&1); do
    case $said in
    *"Could not get lock"* | *"Unable to lock"*) ;;
    *)
      printf '%s\n' "$said"
      return 1
      ;;
    esac
    holder=$(printf '%s' "$said" | sed -n 's/.*held by process \([^.]*\).*/ (\1)/p' | head -n 1)
    [ "$tries" -gt 0 ] || notice "another program$holder holds the lock of apt: waiting for it, 5 minutes at most"
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "another program$holder has held the lock of apt for 5 minutes"
    sleep 3
  done
}

# What a cut-off installation, by a power cut say, has left: packages that are only unpacked. Removes none.
mend_packages() {
  notice "an earlier installation on the host was cut off: completing it"
  dpkg --configure -a || true
  apt-get -q install --yes --no-remove --fix-broken ||
    fail "the host's packages are broken" "sudo apt-get install --fix-broken on the host mends them"
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
