# Points docker to a machine in this shell: machine-use NAME, with -u to none.
function machine-use
    set -l settings (machine env --shell fish $argv)
    and printf '%s\n' $settings | source
end
# The prompt names that machine. fish itself puts it in: no process is started.
if not functions -q __machine_prompt
    functions -c fish_prompt __machine_prompt
    function __machine_status
        return $argv[1]
    end
    function fish_prompt
        set -l last $status
        set -q DOCKER_MACHINE_NAME; and printf '[%s] ' $DOCKER_MACHINE_NAME
        __machine_status $last
        __machine_prompt
    end
end
