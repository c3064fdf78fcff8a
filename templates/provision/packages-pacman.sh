# shellcheck shell=sh
# Arch: its repositories have the newest version only.

packages_prepare() {
  :
}

packages_done() {
  :
}

# pacman does not wait for its lock.
packages_refresh() {
  tries=0
  while [ -e /var/lib/pacman/db.lck ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "another program has held the lock of pacman for 5 minutes" "if none runs, remove /var/lib/pacman/db.lck on the host"
    sleep 3
  done
  pacman -Sy --noconfirm --noprogressbar
}

packages_wait() {
  packages_refresh
}

packages_install() {
  pacman -S --needed --noconfirm --noprogressbar "$@"
}

packages_change() {
  packages_install "$@"
}

packages_upgrade() {
  packages_install "$@"
}

packages_has() {
  pacman -Si "$1" >/dev/null 2>&1
}

packages_installed() {
  pacman -Q "$1" >/dev/null 2>&1
}

packages_find() {
  newest=$(pacman -Si "$1" | sed -n 's/^Version *: *\([0-9]*:\)\{0,1\}//p')
  case $newest in
  "$2"-*) printf '%s\n' "$1" ;;
  *) fail "there is no $1 of version $2: Arch has only $newest" ;;
  esac
}

packages_owner() {
  pacman -Qoq "$1" 2>/dev/null
}

packages_hold() {
  notice "the version is not kept: put IgnorePkg = $* into /etc/pacman.conf on the host"
}

packages_release() {
  :
}

packages_held() {
  grep -q "^IgnorePkg *=.*\b$1\b" /etc/pacman.conf
}
