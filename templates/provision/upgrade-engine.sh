# shellcheck shell=sh
# Upgrades the package that the engine came from: to VERSION, which is kept from then on, or else to the newest,
# unless its version is kept. Tells whether the engine that runs is still the old one.
work=$(mktemp -d)
trap 'packages_done; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
packages_prepare

engine=$(engine_program) || fail "there is no engine to upgrade" "machine provision installs one"
package=$(packages_owner "$engine") ||
  fail "no package of this system holds $engine" "upgrade it the way it was installed, then run machine provision"
pid=$(engine_pid)
before=$("$engine" --version)

packages_refresh
if [ -n "$VERSION" ]; then
  chosen=$(packages_find "$package" "$VERSION")
  held=$package
  if [ "$package" = docker-ce ]; then
    chosen="$chosen $(packages_find docker-ce-cli "$VERSION")"
    held="$held docker-ce-cli"
  fi
  # shellcheck disable=SC2086 # lists of words
  packages_release $held
  # shellcheck disable=SC2086
  packages_change $chosen
  # shellcheck disable=SC2086
  packages_hold $held
elif packages_held "$package"; then
  notice "$package is kept at its version; --engine-version VERSION changes it"
else
  others=
  for other in docker-ce-cli docker-cli containerd.io docker-ce-rootless-extras docker-buildx-plugin docker-compose-plugin; do
    if packages_installed "$other"; then others="$others $other"; fi
  done
  # shellcheck disable=SC2086
  packages_upgrade "$package" $others
fi

after=$("$engine" --version)
if [ "$before" = "$after" ]; then
  notice "the engine is up to date: $after"
else
  notice "the engine was upgraded: $after"
  [ "$pid" != "$(engine_pid)" ] || echo yes | fact outdated
fi
