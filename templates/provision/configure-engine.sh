# shellcheck shell=sh
# Puts the engine's files where they belong: FILES has a line "MODE SIZE PATH" for each, descriptor 3 their contents one
# after the other. MODE `keep` is that of the file that is there, else 0644. Nothing is touched that is right already;
# before the first change the old files are copied to BACKUP, unless an earlier run, which ended too early, did so.

# for_each FUNCTION: calls it with each mode, size and path
for_each() {
  while read -r mode size path; do "$1"; done <<END
$FILES
END
}

# A file that is a link is replaced where it lies.
resolve() {
  if [ -L "$path" ]; then target=$(readlink -f "$path"); else target=$path; fi
}

stage() {
  resolve
  mkdir -p "${target%/*}"
  (umask 077 && take "$size" <&3 >"$target.machine-new") || fail "$path cannot be written"
  [ "$(wc -c <"$target.machine-new")" -eq "$size" ] || fail "the file $path did not arrive whole"
  if [ "$mode" != keep ]; then
    chmod "$mode" "$target.machine-new"
  elif [ -e "$target" ]; then
    chmod "$(stat -c %a "$target")" "$target.machine-new"
    chown "$(stat -c %u:%g "$target")" "$target.machine-new"
  else
    chmod 0644 "$target.machine-new"
  fi
}

digest() {
  sha256sum <"$1" && stat -c %a "$1"
}

compare() {
  resolve
  if [ -e "$target" ] && [ "$(digest "$target")" = "$(digest "$target.machine-new")" ]; then
    rm "$target.machine-new"
  else
    changed="$changed$path "
  fi
}

back_up() {
  if [ -e "$path" ]; then cp -pL "$path" "$BACKUP.new/${path##*/}"; fi
}

replace() {
  resolve
  if [ -e "$target.machine-new" ]; then mv -f "$target.machine-new" "$target"; fi
}

discard() {
  resolve
  rm -f "$target.machine-new"
}

engine_enable
trap 'for_each discard; rm -rf "$BACKUP.new"' EXIT
changed=
for_each stage
for_each compare
[ -n "$changed" ] || exit 0
if [ ! -d "$BACKUP" ]; then
  rm -rf "$BACKUP.new"
  mkdir -p "${BACKUP%/*}"
  mkdir -m 0700 "$BACKUP.new"
  for_each back_up
  mv "$BACKUP.new" "$BACKUP"
fi
for_each replace
echo "$changed" | fact changed
