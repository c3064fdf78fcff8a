# Points docker to a machine in this shell: machine-use NAME, with -u to none.
machine-use() {
  local settings
  settings=$(machine env --shell bash "$@") && eval "$settings"
}
# The prompt names that machine. bash itself puts it in: no process is started.
case ${PS1-} in
*DOCKER_MACHINE_NAME*) ;;
*) PS1='${DOCKER_MACHINE_NAME:+[$DOCKER_MACHINE_NAME] }'${PS1-} ;;
esac
