# Completion of machine for fish. Whatever is typed first is asked: machine, docker-machine or a path to it.
function __machine_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (command $words[1] __complete -- $words[2..-1] 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        # Of --flag=path the path.
        set -l flag (string match -r '^-[^=]*=' -- $words[-1])
        string replace -r -- '^' "$flag" (__fish_complete_path (string replace -- "$flag" '' $words[-1]))
    end
end
complete -c machine -f -a '(__machine_complete)'
complete -c docker-machine -f -a '(__machine_complete)'
