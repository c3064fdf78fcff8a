# shellcheck shell=sh
# Lets sshd take as many sessions, and logins at a time, as docker clients, compose and Ansible ask for, where its
# configuration has a folder for additions. One that sshd does not accept is taken back. Connections go on.
config=/etc/ssh/sshd_config
file=/etc/ssh/sshd_config.d/60-machine.conf
wanted='# Of machine: docker clients over ssh open a session for each connection to the engine.
MaxSessions 100
MaxStartups 100:30:200'

reload() {
  case $INIT in
  systemd)
    for unit in ssh sshd; do
      if systemctl is-active --quiet "$unit.service"; then systemctl reload "$unit.service"; return; fi
    done
    ;;
  openrc) rc-service --quiet sshd reload 3<&- ;;
  esac
}

grep -Eiq '^[[:space:]]*include[[:space:]].*sshd_config\.d/\*\.conf' "$config" 2>/dev/null || exit 0
if [ -e "$file" ] && [ "$(cat "$file")" = "$wanted" ]; then exit 0; fi
rm -f "$file.old"
if [ -e "$file" ]; then mv "$file" "$file.old"; fi
printf '%s\n' "$wanted" >"$file.new"
chmod 0644 "$file.new"
mv "$file.new" "$file"
if said=$(sshd -t 2>&1); then
  rm -f "$file.old"
  reload || notice "sshd could not be reloaded: its new limits hold from its next start on"
else
  if [ -e "$file.old" ]; then mv "$file.old" "$file"; else rm "$file"; fi
  notice "sshd keeps its limits, since it does not accept others: $(echo "$said" | head -n 1)"
fi
