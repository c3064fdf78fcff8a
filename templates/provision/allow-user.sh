# shellcheck shell=sh
# Lets LOGIN use the engine's socket, from its next session on. Tells `made` where there was no group for that.
[ "$(id -u "$LOGIN")" != 0 ] || exit 0
if ! grep -q '^docker:' /etc/group; then
  if command -v groupadd >/dev/null; then groupadd --system docker; else addgroup -S docker; fi
  echo docker | fact made
fi
if id -nG "$LOGIN" | tr ' ' '\n' | grep -qx docker; then exit 0; fi
if command -v usermod >/dev/null; then usermod -aG docker "$LOGIN"; else addgroup "$LOGIN" docker; fi
