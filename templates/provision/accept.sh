# shellcheck shell=sh
# The new configuration is proven: the old one is not needed any more.
rm -rf "$BACKUP"
