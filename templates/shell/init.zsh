# Points docker to a machine in this shell: machine-use NAME, with -u to none.
machine-use() {
  local settings
  settings=$(machine env --shell zsh "$@") && eval "$settings"
}
# The prompt names that machine. zsh itself puts it in: no process is started.
_machine_prompt() {
  psvar[9]=${DOCKER_MACHINE_NAME-}
}
autoload -Uz add-zsh-hook && add-zsh-hook precmd _machine_prompt
[[ $PROMPT == *'%9v'* ]] || PROMPT='%(9V.[%9v] .)'$PROMPT
