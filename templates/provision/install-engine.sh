# shellcheck shell=sh
# Installs the engine: by the script at URL, or, where URL is empty, the packages PACKAGES (the engine's own first, a
# `?` after those that may be missing), from REPOSITORY if one is given. VERSION, if given, is exact and is kept.
# MARK is there as long as an engine is only half installed.
work=$(mktemp -d)
trap 'packages_done; rm -rf "$work"; command -v dockerd >/dev/null || rm -f "$MARK"' EXIT
trap 'exit 1' HUP INT TERM
packages_prepare

by_script() {
  if ! command -v curl >/dev/null; then
    packages_refresh
    packages_install curl ca-certificates
  fi
  shown=$(printf '%s' "$URL" | sed 's,//[^/@]*@,//,')
  other="--engine-install-url URL names another script, --engine-source distro takes the distribution's package"
  # What is to come by TLS does not come by an address without TLS that it leads on to.
  case $URL in https:*) protocols='=https' ;; *) protocols='=http,https' ;; esac
  # The address may hold a password: it is told over stdin, as a line of a curl configuration.
  # After 30 silent seconds there is no second try.
  status=$(printf 'url = "%s"\n' "$URL" | curl -fsSL --proto "$protocols" --proto-redir "$protocols" \
    --connect-timeout 30 --speed-limit 1 --speed-time 30 --max-time 100 --retry 2 --retry-max-time 30 -K - -o "$work/install.sh" -w '%{http_code}') ||
    fail "the install script $shown cannot be fetched ($(reason $? "${status:-000}"))" "$other"
  [ -s "$work/install.sh" ] || fail "the install script $shown is empty" "$other"
  sum=$(sha256sum "$work/install.sh")
  notice "install script $shown has the sha256 sum ${sum%% *}"
  packages_wait
  # VERSION is also the name by which get.docker.com's script knows it.
  sh "$work/install.sh" 3<&- || fail "the install script $shown failed (exit status $?)" "$other"
  engine=$(command -v dockerd) || fail "the install script $shown left no dockerd on the host" "$other"
  [ -z "$VERSION" ] || keep "$(packages_owner "$engine" || true)"
}

# reason EXIT_STATUS HTTP_STATUS: why curl failed
reason() {
  case $1 in
  1) echo "it leads on to an address without TLS, where anybody on the way may change it" ;;
  6) echo "the host does not find the server's name" ;;
  7) echo "the server refused the connection" ;;
  22) echo "HTTP status $2" ;;
  28) echo "the server did not answer in time" ;;
  *) echo "exit status $1 of curl" ;;
  esac
}

keep() {
  if [ -n "$1" ]; then
    packages_hold "$1"
  else
    notice "the version is not kept: no package holds the engine"
  fi
}

by_packages() {
  [ -z "$REPOSITORY" ] || packages_repository "$REPOSITORY"
  packages_refresh
  chosen=
  held=
  for package in $PACKAGES; do
    case $package in
    *\?) packages_has "${package%\?}" || continue ;;
    esac
    package=${package%\?}
    # Of the others only the client has the engine's version.
    if [ -n "$VERSION" ] && { [ -z "$chosen" ] || [ "$package" = docker-ce-cli ]; }; then
      held="$held $package"
      package=$(packages_find "$package" "$VERSION")
    fi
    chosen="$chosen $package"
  done
  # shellcheck disable=SC2086 # lists of words
  packages_install $chosen
  # shellcheck disable=SC2086
  [ -z "$held" ] || packages_hold $held
}

mkdir -p "${MARK%/*}"
: >"$MARK"
if [ -n "$URL" ]; then by_script; else by_packages; fi
rm "$MARK"
