# shellcheck shell=sh
# Names the host NAME. In a container the files may be mounted, so they are written in place, and what cannot be
# written is told and left: a host works without its name.
printf '%s\n' "$NAME" >/etc/hostname || notice "/etc/hostname cannot be written"
{ printf '%s\n' "$NAME" >/proc/sys/kernel/hostname; } 2>/dev/null || hostnamectl set-hostname "$NAME" ||
  notice "the host name cannot be changed"

grep -q "^[^#]*[[:space:]]$NAME\([[:space:]]\|\$\)" /etc/hosts && exit 0
if grep -q '^127\.0\.1\.1[[:space:]]' /etc/hosts; then
  hosts=$(sed "s/^127\.0\.1\.1[[:space:]].*/127.0.1.1 $NAME/" /etc/hosts)
else
  hosts=$(cat /etc/hosts && printf '127.0.1.1 %s\n' "$NAME")
fi
printf '%s\n' "$hosts" >/etc/hosts || notice "/etc/hosts cannot be written"
