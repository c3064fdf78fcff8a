#!/bin/sh
# PID 1 of a test host until systemd takes over: turns a container into what a fresh computer is.
# From the environment: AUTHORIZED_KEY, the public key that opens root, user and admin; SSHD_CONFIG, lines for sshd.
set -eu

# The engine mounts these read-only, and then an engine inside could run no container.
while read -r _ dir _; do
  case $dir in
    /sys | /sys/*) mount -o remount,bind,rw "$dir" ;;
  esac
done </proc/self/mounts

# As mount points these could not be replaced, as sed -i or hostnamectl do.
for file in /etc/hostname /etc/hosts /etc/resolv.conf; do
  cp "$file" /run/mounted
  umount "$file"
  if [ ! -s "$file" ]; then cp /run/mounted "$file"; fi
done

# At its first start only: after a reboot it is the same computer.
if [ ! -e /root/.ssh/authorized_keys ]; then
  name=$(hostname)
  printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$name" >/etc/hosts
  for account in root user admin; do
    home=$(getent passwd "$account" | cut -d : -f 6)
    install -d -m 0700 -o "$account" -g "$account" "$home/.ssh"
    printf '%s\n' "$AUTHORIZED_KEY" >"$home/.ssh/authorized_keys"
    chown "$account:$account" "$home/.ssh/authorized_keys"
  done
  printf '%s\n' "$SSHD_CONFIG" >/etc/ssh/sshd_config.d/test-host.conf
  # Not one of RSA as well, which takes longest.
  for type in ed25519 ecdsa; do ssh-keygen -q -t "$type" -N "" -f "/etc/ssh/ssh_host_${type}_key"; done
  systemd-machine-id-setup >/dev/null 2>&1
fi

exec env -i PATH="$PATH" /sbin/init
