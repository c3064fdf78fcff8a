#!/bin/sh
# PID 1 of a machine of the container driver until systemd takes over: makes of a container what systemd and an engine
# take for a computer. The folder it lies in has, before the first start, what is this machine's alone.
set -eu
seed=${0%/*}

# Without --privileged the engine mounts these read-only, and then an engine inside could run no container.
while read -r _ dir _; do
  case $dir in
    /sys | /sys/* | /proc/sys) mount -o remount,bind,rw "$dir" ;;
  esac
done </proc/self/mounts

# systemd and each engine take about a dozen; the kernel's default is enough for ten machines on a computer.
limit=/proc/sys/fs/inotify/max_user_instances
if [ "$(cat $limit)" -lt 8192 ]; then echo 8192 >$limit || true; fi

if [ -e "$seed/ssh_host_ed25519_key" ]; then
  systemd-machine-id-setup >/dev/null 2>&1 || true
  install -d -m 0700 /root/.ssh
  install -m 0600 "$seed/authorized_keys" /root/.ssh/authorized_keys
  rm -f /etc/ssh/ssh_host_*
  install -m 0600 "$seed/ssh_host_ed25519_key" /etc/ssh/ssh_host_ed25519_key
  ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key >/etc/ssh/ssh_host_ed25519_key.pub
  rm -f "$seed/ssh_host_ed25519_key" "$seed/authorized_keys"
fi

exec env -i PATH="$PATH" container=docker /sbin/init
