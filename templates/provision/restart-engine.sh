# shellcheck shell=sh
# Restarts the engine and waits until it listens on PORT, or where that is empty on its socket.
listens() {
  if [ -z "$PORT" ]; then
    [ -S /var/run/docker.sock ]
  else
    grep -qis ": [0-9A-F]*:$(printf %04X "$PORT") [0-9A-F]*:[0-9A-F]* 0A " /proc/net/tcp /proc/net/tcp6
  fi
}

explain() {
  if [ "$INIT" = systemd ] && [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]; then
    fail "the host is shutting down" "try again when it is up"
  fi
  engine_log || true
  fail "$1" "the lines above are the engine's own"
}

engine_restart || explain "the engine does not start"
tries=0
until listens; do
  engine_is_active || explain "the engine has ended"
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || explain "the engine does not listen on ${PORT:+port }${PORT:-its socket}"
  sleep 0.5
done
