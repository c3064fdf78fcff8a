# Completion of machine for bash. Whatever is typed first is asked: machine, docker-machine or a path to it.
_machine() {
  local line word= words=() assigned=
  COMPREPLY=()
  # bash has split --flag=value into three words, and puts what is offered in the place of the last.
  for line in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ${#words[@]} -gt 0 && ( $line == = || $word == *= ) ]]; then
      word+=$line
      words[${#words[@]} - 1]=$word
    else
      word=$line
      words+=("$word")
    fi
  done
  [[ $COMP_WORDBREAKS == *=* ]] && assigned=${word%"${word##*=}"}
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    COMPREPLY+=("${line#"$assigned"}")
  done < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null)
  # A path follows.
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *: ]] && compopt -o nospace
  return 0
}
complete -o bashdefault -o default -F _machine machine docker-machine
