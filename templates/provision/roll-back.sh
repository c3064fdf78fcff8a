# shellcheck shell=sh
# Brings the files of BACKUP back, takes away those of PATHS that are not in it, and starts the engine with them.
[ -d "$BACKUP" ] || exit 0
for path in $PATHS; do
  old=$BACKUP/${path##*/}
  target=$path
  if [ -L "$path" ]; then target=$(readlink -f "$path"); fi
  if [ -e "$old" ]; then
    cp -p "$old" "$target.machine-new"
    mv -f "$target.machine-new" "$target"
  else
    rm -f "$target"
  fi
done
rm -rf "$BACKUP"
engine_restart || fail "the engine does not start with its old configuration either"
notice "the engine has its old configuration again"
