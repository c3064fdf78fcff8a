# shellcheck shell=sh
# openSUSE and SUSE Linux Enterprise.

packages_prepare() {
  export ZYPP_LOCK_TIMEOUT=300
}

packages_done() {
  :
}

packages_refresh() {
  # On SUSE Linux Enterprise the engine is in a module that may not be enabled; openSUSE has no SUSEConnect.
  if command -v SUSEConnect >/dev/null; then
    release=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9.]*\).*/\1/p' /etc/os-release)
    SUSEConnect -p "sle-module-containers/$release/$(uname -m)" ||
      notice "the containers module of SUSE Linux Enterprise cannot be enabled"
  fi
  zypper --non-interactive --quiet refresh
}

packages_wait() {
  :
}

packages_install() {
  zypper --non-interactive install --no-recommends "$@"
}

packages_change() {
  zypper --non-interactive install --no-recommends --oldpackage "$@"
}

packages_upgrade() {
  zypper --non-interactive update "$@"
}

packages_has() {
  zypper --non-interactive --quiet search --match-exact "$1" >/dev/null 2>&1
}

packages_installed() {
  rpm -q "$1" >/dev/null 2>&1
}

packages_find() {
  found=$(zypper --non-interactive --quiet search --details --match-exact --type package "$1" | awk -F '|' -v wanted="$2" '
    { gsub(/ /, "", $4) }
    index($4, wanted) == 1 && substr($4, length(wanted) + 1) !~ /^[0-9]/ { print $4; exit }')
  [ -n "$found" ] || fail "there is no $1 of version $2" "zypper search -s $1 on the host lists what there is"
  printf '%s=%s\n' "$1" "$found"
}

packages_owner() {
  rpm -qf --qf '%{NAME}\n' "$1" 2>/dev/null
}

packages_hold() {
  zypper --non-interactive addlock "$@"
}

packages_release() {
  zypper --non-interactive removelock "$@"
}

packages_held() {
  zypper --quiet locks | awk -F '|' -v wanted="$1" '{ gsub(/ /, "", $2) } $2 == wanted { found = 1 } END { exit !found }'
}
