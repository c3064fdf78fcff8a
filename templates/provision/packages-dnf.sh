# shellcheck shell=sh
# Fedora, Red Hat and its clones, Amazon Linux; yum where there is no dnf. They wait for their lock by themselves.

packages_prepare() {
  dnf=$(command -v dnf || command -v yum) || fail "the host has neither dnf nor yum"
}

packages_done() {
  :
}

packages_refresh() {
  "$dnf" -q makecache
}

packages_wait() {
  :
}

packages_install() {
  "$dnf" -y install "$@"
}

packages_change() {
  "$dnf" -y install "$@"
  # It keeps a newer version that is there.
  for spec in "$@"; do
    rpm -q "$spec" >/dev/null 2>&1 || "$dnf" -y downgrade "$spec"
  done
}

packages_upgrade() {
  "$dnf" -y upgrade "$@"
}

packages_has() {
  "$dnf" -q list "$1" >/dev/null 2>&1
}

packages_installed() {
  rpm -q "$1" >/dev/null 2>&1
}

packages_find() {
  found=$("$dnf" -q list --showduplicates "$1" 2>/dev/null | awk -v wanted="$2" '
    NF >= 2 { plain = $2; sub(/^[0-9]+:/, "", plain) }
    index(plain, wanted) == 1 && substr(plain, length(wanted) + 1) !~ /^[0-9]/ { found = plain }
    END { print found }')
  [ -n "$found" ] || fail "there is no $1 of version $2" "dnf list --showduplicates $1 on the host lists what there is"
  printf '%s-%s\n' "$1" "$found"
}

packages_owner() {
  rpm -qf --qf '%{NAME}\n' "$1" 2>/dev/null
}

packages_hold() {
  "$dnf" -y versionlock add "$@" || notice "the version is not kept: dnf has no versionlock plugin here"
}

packages_release() {
  "$dnf" -y versionlock delete "$@" >/dev/null 2>&1 || true
}

packages_held() {
  "$dnf" -q versionlock list 2>/dev/null | grep -q "\(^\|:\|name: \)$1\(-[0-9]\|\$\|:\)"
}

# packages_repository BASE: with the plain major release, since clones expand $releasever as they like
packages_repository() {
  release=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9.]*\).*/\1/p' /etc/os-release)
  cat >/etc/yum.repos.d/docker-ce.repo <<END
[docker-ce-stable]
name=Docker CE Stable
baseurl=$1/${release%%.*}/\$basearch/stable
enabled=1
gpgcheck=1
gpgkey=$1/gpg
END
}
