#!/bin/sh
# Runs a Docker engine for test hosts that shares nothing with another engine of this machine: not its socket, its
# data, its bridge, its addresses, nor its firewall chains. Everything is taken away again, containers too, when
# standard input closes (so also when the test run was killed) or on SIGTERM.
#
# usage: engine.sh DATA SLOT...
#   SLOT is 0 to 99. The first one that is free is taken; exit status 75 when none is.
#   DATA/SLOT keeps the images for the next run.
# On SIGUSR1 the engine is restarted, containers and all, as when a computer restarts.
# Prints the slot when the engine answers. engine.ts knows what follows from a slot, too.
set -eu

main() {
  data=$1
  shift
  if [ "$(id -u)" != 0 ]; then
    echo "only root can start one" >&2
    exit 1
  fi
  mkdir -p /run/machine-test
  chmod 0700 /run/machine-test
  take_slot "$@"

  run=/run/machine-test/$slot
  mkdir -p "$run" "$data/$slot"
  echo "$$" >"$run/supervisor.pid"

  trap 'exit 0' TERM INT HUP
  trap stop EXIT
  stop_leftovers
  allow_many_hosts
  start_network
  start_engine
  remove_all
  # Beside the engine's own network, on which a host that reboots could lose its address to another.
  client network create --subnet "$fixed.0/24" --opt "com.docker.network.bridge.name=${bridge}r" fixed >/dev/null
  echo "$slot"
  # Whoever reads our output may be gone when we stop.
  exec >>"$run/engine.log" 2>&1
  (read -r _ <&3 || kill "$$") 9>&- &
  again=no
  trap 'again=yes' USR1
  while wait "$engine" || [ "$again" = yes ]; do
    [ "$again" = yes ] || break
    again=no
    kill "$engine"
    wait "$engine" || true
    start_engine
  done
}

take_slot() {
  for slot; do
    bridge=machine-test$slot
    # RFC 2544 sets 198.18.0.0/15 apart for tests: real networks do not have these addresses, but test hosts do.
    network=198.19.$slot
    fixed=198.19.$((slot + 100))
    if ip -4 route show root "$network.0/24" | grep -qv " $bridge "; then continue; fi
    exec 9>"/run/machine-test/$slot.lock"
    if flock --nonblock 9; then return; fi
  done
  exit 75
}

# What a supervisor leaves that is killed before it can stop its engine.
stop_leftovers() {
  if [ -e "$run/engine.pid" ]; then
    leftover=$(cat "$run/engine.pid")
    if [ "$(cat "/proc/$leftover/comm" 2>/dev/null)" = dockerd ]; then
      remove_all || true
      kill "$leftover"
      timeout 30 tail --pid="$leftover" -f /dev/null || kill -KILL "$leftover"
    fi
    rm -f "$run/engine.pid"
  fi
  unmount
  stop_network
}

# An engine that does not end well, or not even starts, leaves mounts.
unmount() {
  tac /proc/self/mounts | while read -r _ dir _; do
    case $dir in
      "$data/$slot" | "$data/$slot"/* | "$run"/*) umount "$dir" ;;
    esac
  done
}

# Each host takes about a dozen; the kernel gives root 128, after which systemd waits for ever.
allow_many_hosts() {
  limit=/proc/sys/fs/inotify/max_user_instances
  if [ "$(cat $limit)" -lt 8192 ]; then echo 8192 >$limit; fi
}

# The engine's own firewall rules stay off: a second engine that sets them up removes those of the first.
start_network() {
  # Without an address of its own it has that of one of its hosts, and all others lose sight of us when that one goes.
  ip link add "$bridge" address "$(printf '02:00:c6:13:%02x:01' "$slot")" type bridge
  ip address add "$network.1/24" dev "$bridge"
  ip link set "$bridge" up
  firewall --insert
}

firewall() {
  for device in "$bridge" "${bridge}r"; do
    iptables --wait "$1" INPUT --in-interface "$device" --jump ACCEPT
    iptables --wait "$1" FORWARD --in-interface "$device" --jump ACCEPT
    iptables --wait "$1" FORWARD --out-interface "$device" --jump ACCEPT
  done
  for source in "$network" "$fixed"; do
    iptables --wait --table nat "$1" POSTROUTING --source "$source.0/24" ! --destination 198.19.0.0/16 --jump MASQUERADE
  done
}

stop_network() {
  while firewall --delete 2>/dev/null; do :; done
  ip link delete "$bridge" 2>/dev/null || true
  ip link delete "${bridge}r" 2>/dev/null || true
}

start_engine() {
  dockerd --host "unix://$run/docker.sock" --pidfile "$run/engine.pid" --exec-root "$run/exec" \
    --data-root "$data/$slot" --bridge "$bridge" --iptables=false --containerd-namespace "$bridge" \
    --containerd-plugins-namespace "$bridge-plugins" >"$run/engine.log" 2>&1 3<&- 9>&- &
  engine=$!
  tries=300
  until client version >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" = 0 ] || ! kill -0 "$engine" 2>/dev/null; then
      echo "dockerd does not answer; the end of its log:" >&2
      tail -n 20 "$run/engine.log" >&2
      exit 1
    fi
    sleep 0.2
  done
}

client() {
  docker --host "unix://$run/docker.sock" "$@" 9>&-
}

remove_all() {
  client ps --all --quiet | xargs --no-run-if-empty docker --host "unix://$run/docker.sock" rm --force --volumes
  client volume ls --quiet | xargs --no-run-if-empty docker --host "unix://$run/docker.sock" volume rm --force
  client network prune --force
  client image prune --force
} >/dev/null

stop() {
  status=$?
  trap '' TERM INT HUP
  if [ -n "${engine:-}" ] && kill -0 "$engine" 2>/dev/null; then
    remove_all || true
    kill "$engine"
    wait "$engine" || true
  fi
  unmount
  stop_network
  rm -rf "$run"
  exit "$status"
}

main "$@" 3<&0
