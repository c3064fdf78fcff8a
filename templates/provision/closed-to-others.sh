# shellcheck shell=sh
# Fails where the engine's API is open to anybody: no TCP address on which the engine's process listens may answer
# without a client certificate, whatever opened it (a flag, a variable, a file, a socket unit). PORT: proven by the
# client; empty: none. What containers publish and Swarm's own ports do not answer as an engine does.

# The service's main process, and an engine that a shell has started as its child.
engine_processes() {
  main=$(engine_pid)
  main=${main#MainPID=}
  [ "${main:-0}" != 0 ] || fail "the engine's process cannot be found" "is docker.service running?"
  echo "$main"
  for process in /proc/[0-9]*; do
    [ "$(cat "$process/comm" 2>/dev/null)" != dockerd ] ||
      sed -n "s/^PPid:[[:space:]]*$main\$/${process#/proc/}/p" "$process/status" 2>/dev/null
  done
}

# Local addresses as /proc/net/tcp has them, ADDRESS:PORT in hex, of the sockets that a process listens on.
listening() {
  own=$(for opened in "/proc/$1"/fd/*; do readlink "$opened" || true; done | sed -n 's/^socket:\[\(.*\)\]$/ \1 /p' | tr -d '\n')
  cat "/proc/$1/net/tcp" "/proc/$1/net/tcp6" 2>/dev/null | while read -r _ address _ state _ _ _ _ _ inode _; do
    case $state:$own in 0A:*" $inode "*) echo "$address" ;; esac
  done
}

# The kernel prints each 32 bits in the processor's order. Any address is also this computer's own.
readable() {
  number=$(printf %d "0x${1#*:}")
  words=${1%:*}
  [ "$(printf '\1\0' | od -An -td2 | tr -d ' ')" != 1 ] ||
    words=$(echo "$words" | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/g')
  case $words in
  *[!0]*)
    if [ ${#words} = 8 ]; then
      bytes=$(echo "$words" | sed 's/../ 0x&/g')
      # shellcheck disable=SC2086
      printf '%d.%d.%d.%d:%s\n' $bytes "$number"
    else
      echo "[$(echo "$words" | sed 's/..../:&/g; s/^://')]:$number"
    fi
    ;;
  *) echo "127.0.0.1:$number" ;;
  esac
}

# Prints what is at a URL. Its certificate does not matter, nor do proxies of this host.
fetch() {
  if command -v curl >/dev/null; then
    env -i PATH="$PATH" curl -sk --max-time 10 "$1" 2>/dev/null || true
  elif command -v wget >/dev/null; then
    env -i PATH="$PATH" timeout 10 wget -q -O - --no-check-certificate "$1" 2>/dev/null || true
  else
    fail "the engine also listens at $1, which cannot be checked: the host has neither curl nor wget" \
      "install one of them on the host, or close that address"
  fi
}

processes=$(engine_processes)
addresses=$(for process in $processes; do listening "$process"; done | sort -u)
for address in $addresses; do
  address=$(readable "$address")
  [ "${address##*:}" != "$PORT" ] || continue
  for scheme in http https; do
    answer=$(fetch "$scheme://$address/_ping")
    [ "$answer" != OK ] || fail "the engine answers anybody at $address, without a certificate" \
      "see what opens it: \`systemctl cat docker.service docker.socket\`, /etc/default/docker, /etc/docker/daemon.json"
  done
done
