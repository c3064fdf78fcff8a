# shellcheck shell=sh
# Flatcar: the engine is a part of the system, and no package manager is there.

packages_prepare() {
  fail "the engine of this system is a part of its image" "an update of the system brings another engine"
}

packages_done() {
  :
}
