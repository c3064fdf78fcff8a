# shellcheck shell=sh
# Tells all that the steps have to know, and changes nothing. NAME: the machine. BACKUP: folder of the old
# files. MARK: file that is there as long as an engine is only half installed.
INIT=none
if [ -d /run/systemd/system ]; then
  INIT=systemd
elif [ -d /run/openrc ]; then
  INIT=openrc
fi

# tell NAME COMMAND...: the command's output as a fact; none when it fails
tell() {
  fact_name=$1
  shift
  if output=$("$@" 2>/dev/null); then printf '%s\n' "$output" | fact "$fact_name"; fi
}

# content NAME FILE: byte for byte, if it is there
content() {
  if [ -e "$2" ]; then fact "$1" <"$2"; fi
}

engine_version() {
  program=$(engine_program) && "$program" --version
}

names_itself() {
  grep -q "^[^#]*[[:space:]]$NAME\([[:space:]]\|\$\)" /etc/hosts
}

is_snap() {
  [ -e /snap/bin/docker ] || [ -e /var/lib/snapd/snap/bin/docker ]
}

echo "$INIT" | fact init
content os-release /etc/os-release
tell hostname cat /proc/sys/kernel/hostname
tell named names_itself
tell dockerd engine_version
tell snap is_snap
tell active engine_is_active
tell backup ls -d "$BACKUP"
tell half-installed ls "$MARK"
content daemon.json /etc/docker/daemon.json
case $INIT in
systemd) tell unit systemctl cat docker.service ;;
openrc)
  tell unit cat /etc/init.d/docker
  content conf.d /etc/conf.d/docker
  ;;
esac
