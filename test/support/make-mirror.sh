#!/bin/sh
# Makes a small mirror of Debian: the packages that tests install on hosts, with all that a host lacks for them. Its
# lists are read at once, those of all of Debian take apt longer than an engine takes to be installed.
# usage: make-mirror.sh FOLDER    In a host's image, as root. FOLDER gets a flat repository for each release.
set -eu

folder=$1
own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
export DEBIAN_FRONTEND=noninteractive
cp /var/lib/dpkg/status /tmp/status
apt-get -qq update
apt-get -qq install --yes --no-install-recommends apt-utils

# collect RELEASE PACKAGE...: as a host would get them that has no other packages than this image
collect() {
  release=$1
  shift
  mkdir -p "$folder/$release" /tmp/archives/partial
  apt-get -qq -o Dir::State::status=/tmp/status -o Dir::Cache::archives=/tmp/archives \
    install --download-only --yes --no-install-recommends -t "$release" "$@"
  for package in /tmp/archives/*.deb; do
    # Unpacked in a fraction of the time.
    dpkg-deb --raw-extract "$package" /tmp/package
    dpkg-deb -Zzstd -z1 --build /tmp/package "$folder/$release/${package##*/}" >/dev/null
    rm -r /tmp/package "$package"
  done
}

client=$(apt-cache search --names-only '^docker-cli$' | cut -d ' ' -f 1)
# shellcheck disable=SC2086 # Debian 12 has the client in docker.io
collect "$own" docker.io ${client:+docker-cli}
if [ "$own" != bookworm ]; then
  # The Release file of a mirror that has stopped at a day is past its date, but signed as ever.
  sed "s, $own , sid ," /etc/apt/sources.list >/etc/apt/sources.list.d/sid.list
  apt-get -qq -o Acquire::Check-Valid-Until=false update
  collect sid docker.io docker-cli
fi
cd "$folder"
for release in *; do
  apt-ftparchive packages "$release" >/tmp/Packages
  mv /tmp/Packages "$release"
  apt-ftparchive -o APT::FTPArchive::Release::Codename="$release" release "$release" >/tmp/Release
  mv /tmp/Release "$release"
done
