# shellcheck shell=sh
# The engine as a service of systemd or OpenRC (INIT). No docker command here: one that finds the socket of a stopped
# service would start it with its old settings.

engine_is_active() {
  case $INIT in
  systemd) systemctl is-active --quiet docker.service ;;
  openrc) rc-service --quiet docker status >/dev/null 2>&1 ;;
  esac
}

engine_pid() {
  case $INIT in
  systemd) systemctl show --property MainPID docker.service ;;
  openrc) cat /run/docker.pid 2>/dev/null || true ;;
  esac
}

# Path of the engine's program: of PATH, else of the service, where an owner may have put it anywhere.
engine_program() {
  command -v dockerd && return
  [ "$INIT" = systemd ] || return 1
  for program in "$(systemctl show --property ExecStart docker.service | sed -n 's/.*path=\([^ ;]*\).*/\1/p')" \
    "$(pid=$(engine_pid) && readlink "/proc/${pid#MainPID=}/exe")"; do
    case $program in
    */dockerd)
      echo "$program"
      return
      ;;
    esac
  done
  return 1
}

# Starts at boot from now on. A restart that follows reads the units anew.
engine_enable() {
  case $INIT in
  systemd) [ "$(systemctl is-enabled docker.service 2>/dev/null)" != disabled ] || systemctl enable --no-reload docker.service ;;
  openrc) rc-update show default | grep -q '^ *docker ' || rc-update add docker default ;;
  esac
}

# The socket is stopped and made anew with the service: an engine that listened on its path by itself has replaced it,
# and a socket in place would start the service in between.
engine_restart() {
  case $INIT in
  systemd)
    systemctl daemon-reload
    systemctl reset-failed docker.service docker.socket 2>/dev/null || true
    if systemctl cat docker.socket >/dev/null 2>&1; then
      systemctl stop docker.socket docker.service
    else
      systemctl stop docker.service
    fi
    systemctl start docker.service
    ;;
  openrc) rc-service docker restart 3<&- ;; # no daemon keeps our connection open
  esac
}

# An engine says all of its usage, indented, after what it does not understand.
engine_log() {
  case $INIT in
  systemd) journalctl --unit docker.service --lines 300 --no-pager --output cat ;;
  openrc) tail -n 300 /var/log/docker.log ;;
  esac | grep -v -e '^[[:space:]]' -e '^$' | tail -n 15
}
