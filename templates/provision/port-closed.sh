# shellcheck shell=sh
# Fails where the engine itself listens on PORT; what a container publishes there is not its business.
pid=$(engine_pid)
sockets=$(awk -v port=":$(printf %04X "$PORT")" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' \
  /proc/net/tcp /proc/net/tcp6 2>/dev/null) || true
for socket in $sockets; do
  for opened in "/proc/${pid#MainPID=}"/fd/*; do
    [ "$(readlink "$opened")" != "socket:[$socket]" ] ||
      fail "the engine listens on port $PORT, although docker reaches it over ssh" \
        "look at \`systemctl cat docker.service docker.socket\` on the host"
  done
done
