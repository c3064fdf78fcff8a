# Completion of machine for bash. Whatever is typed first is asked: machine, docker-machine or a path to it.
_machine() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("${line%%$'\t'*}")
  done < <("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  # A path follows.
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *: ]] && compopt -o nospace
  return 0
}
complete -o bashdefault -o default -F _machine machine docker-machine
