# Completion of machine for zsh. Whatever is typed first is asked: machine, docker-machine or a path to it.
_machine() {
  local line
  local -a found paths
  for line in "${(@f)$(${(Q)words[1]} __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    if [[ ${line%%$'\t'*} == *: ]]; then
      paths+=("$line")
    else
      found+=("${line/$'\t'/:}")
    fi
  done
  if (( $#paths )); then
    # A path follows.
    compadd -S '' -- $paths
  elif (( $#found )); then
    _describe machine found
  else
    # Of --flag=path the path.
    compset -P '-*='
    _files
  fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
compdef _machine machine docker-machine
