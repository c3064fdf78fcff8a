#!/bin/sh
# Installs the engine of Debian's mirror, as get.docker.com installs that of Docker. The environment's RELEASE is whose;
# default: the host's own. From another release, such as sid, comes nothing but the engine and what it cannot do without.
set -e
release=${RELEASE:-}
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -E'
export DEBIAN_FRONTEND=noninteractive
if [ -n "$release" ]; then
  own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  sed "s,^\(deb .*\) $own\([ /]\),\1 $release\2," /etc/apt/sources.list |
    $sudo tee "/etc/apt/sources.list.d/$release.list" >/dev/null
  printf 'Package: *\nPin: release n=%s\nPin-Priority: 100\n' "$release" |
    $sudo tee "/etc/apt/preferences.d/$release" >/dev/null
fi
$sudo apt-get -qq update
# Debian 12 has the client in docker.io.
client=$(apt-cache search --names-only '^docker-cli$' | cut -d ' ' -f 1)
# shellcheck disable=SC2086
$sudo apt-get -qq install --yes --no-install-recommends ${release:+-t "$release"} docker.io $client
